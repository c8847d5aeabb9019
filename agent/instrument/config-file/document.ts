import { type Document, isScalar, LineCounter, parseDocument, type Scalar, visit } from 'yaml';
import type { Environment } from '../environment.ts';
import { substituted } from './substitution.ts';

/**
 * What a YAML file (1.2, core schema) holds, as plain values, with variables of the environment in place of their references. These
 * stand in values alone, never in keys, and can add no structure: what comes of one is text, or, where it is not quoted, the
 * number, boolean or null that such a text is in YAML. Throws with the line what is no such file, never with what a variable holds.
 */
export function valuesOf(yaml: string, environment: Environment): unknown {
  const lines = new LineCounter();
  const document = parseDocument(yaml, { version: '1.2', schema: 'core', prettyErrors: false, lineCounter: lines });
  const lineOf = (offset: number | undefined): string => (offset === undefined ? '' : `line ${lines.linePos(offset).line}: `);
  const [error] = document.errors;
  if (error !== undefined) throw new Error(`${lineOf(error.pos[0])}${error.message}`);
  visit(document, {
    Scalar: (key, node) => {
      if (key === 'key' || typeof node.value !== 'string' || !node.value.includes('$')) return;
      try {
        const text = substituted(node.value, environment);
        // What says its own type, by quotes or by a tag, has it.
        const isFree = node.type === 'PLAIN' && node.tag === undefined && text !== node.value;
        node.value = isFree ? typed(document, text) : text;
      } catch (cause) {
        throw new Error(`${lineOf(node.range?.[0])}${(cause as Error).message}`, { cause });
      }
    },
  });
  return document.toJS() as unknown;
}

/** As YAML would read it if it stood there, but never as more than one value. */
function typed(document: Document, text: string): unknown {
  const tag = document.schema!.tags.find((each) => each.default === true && 'test' in each && each.test?.test(text) === true);
  if (tag === undefined) return text;
  const resolve = tag.resolve as (text: string, onError: () => void, options: object) => unknown;
  const value = resolve(text, () => undefined, document.options);
  return isScalar(value) ? (value satisfies Scalar).value : value;
}
