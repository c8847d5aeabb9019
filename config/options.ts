import type { z } from 'zod';
import { formatByteSize, formatDuration } from '../pipeline/config-types.ts';
import { alternatives, metaOf, type Schema } from './schema-walk.ts';

/** One row of an option table. */
export interface Option {
  /** `protocols.http.endpoint`; `*` stands for a key of the user's, `actions[]` for an entry of a list. */
  readonly path: string;
  readonly type: string;
  /** As it is written in YAML; undefined = no default. */
  readonly default: string | undefined;
  readonly description: string;
}

/** Every option of a component's schema that has no options below it, in the order of the schema. */
export function optionsOf(schema: Schema, path: readonly string[] = []): Option[] {
  const options = alternatives(schema);
  const objects = options.filter((each) => defOf(each).type === 'object');
  const described = metaOf(schema, 'description');
  const description = typeof described === 'string' ? described : '';
  if (objects.length > 0) {
    const below = objects.flatMap((each) => {
      const def = defOf(each);
      return def.type === 'object' ? Object.entries(def.shape).flatMap(([key, child]) => optionsOf(child, [...path, key])) : [];
    });
    return description === '' || path.length === 0
      ? below
      : [{ path: path.join('.'), type: 'map', default: undefined, description }, ...below];
  }
  const [only] = options;
  const def = only === undefined ? undefined : defOf(only);
  if (def?.type === 'record' && alternatives(def.valueType).some((each) => defOf(each).type === 'object')) {
    return optionsOf(def.valueType, [...path, '*']);
  }
  const own = { path: path.join('.'), type: typeName(schema), default: defaultText(schema), description };
  if (def?.type !== 'array' || alternatives(def.element).every((each) => defOf(each).type !== 'object')) return [own];
  return [own, ...optionsOf(def.element, [...path.slice(0, -1), `${path.at(-1)}[]`])];
}

type Def = z.core.$ZodTypes['_zod']['def'];
const defOf = (schema: Schema): Def => (schema as z.core.$ZodTypes)._zod.def;

function typeName(schema: Schema): string {
  const mark = metaOf(schema, 'mark');
  if (mark === 'duration') return 'duration';
  if (mark === 'byteSize') return 'size';
  if (mark === 'secret') return 'secret';
  return [...new Set(alternatives(schema).map(simpleType))].filter((name) => name !== 'null').join(' or ');
}

function simpleType(schema: Schema): string {
  const def = defOf(schema);
  switch (def.type) {
    case 'enum':
      return Object.values(def.entries).map(String).join(', ');
    case 'literal':
      return def.values.map(String).join(', ');
    case 'array':
      return `list of ${typeName(def.element)}`;
    case 'record':
      return `map of ${typeName(def.valueType)}`;
    case 'number':
      return 'format' in def ? 'integer' : 'number';
    case 'unknown':
    case 'any':
      return 'anything';
    case 'undefined':
    case 'null':
      return 'null';
    case 'object':
      return 'map';
    default:
      return def.type;
  }
}

/** The default that a schema's outermost wrapper gives, as plain data; undefined = none. */
export function defaultOf(schema: Schema): unknown {
  const def = defOf(schema);
  if (def.type === 'default' || def.type === 'prefault') return def.defaultValue;
  if (def.type === 'pipe') return defaultOf(def.in) ?? defaultOf(def.out);
  if ('innerType' in def) return defaultOf(def.innerType);
  return undefined;
}

function defaultText(schema: Schema): string | undefined {
  const value = defaultOf(schema);
  return value === undefined ? undefined : JSON.stringify(asWritten(schema, value));
}

/** A default in the form in which it is written in YAML: milliseconds as a duration, bytes as a size. */
export function asWritten(schema: Schema, value: unknown): unknown {
  if (typeof value !== 'number') return value;
  const mark = metaOf(schema, 'mark');
  if (mark === 'duration') return formatDuration(value);
  if (mark === 'byteSize') return value >= 1024 ? formatByteSize(value) : value;
  return value;
}
