import { join } from 'node:path';
import { StartError } from '../../pipeline/errors.ts';
import type { ConfigInput } from './contract.ts';

/** One part of a configuration, as it crosses to another thread: a URI as `--config` has it, or a text with a name. */
export type ConfigPart = string | { readonly name: string; readonly text: string };

/** What was given, each part on its own. Throws a StartError for an object that is no data. */
export function partsOf(config: ConfigInput | undefined): readonly ConfigPart[] {
  if (config === undefined) return [];
  const inputs = (Array.isArray(config) ? config : [config]) as readonly (string | object)[];
  const several = inputs.length > 1;
  return inputs.map((input, at) => {
    const name = `the configuration${several ? ` ${at + 1}` : ''}`;
    if (typeof input === 'string') return input.includes('\n') && !input.startsWith('yaml:') ? { name, text: input } : input;
    return { name, text: jsonOf(input, name) };
  });
}

/** JSON is YAML. */
function jsonOf(input: unknown, name: string): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(input, undefined, 2);
  } catch (error) {
    const cause = error instanceof Error ? (error.message.split('\n', 1)[0] ?? '') : String(error);
    throw new StartError(`cannot read ${name}: ${cause}`);
  }
  if (text === undefined) throw new StartError(`cannot read ${name}: a ${typeof input} is no data`);
  return text;
}

/** What runs when none is given. */
export function embeddedConfigPath(root: string): string {
  return join(root, 'config', 'embedded.yaml');
}
