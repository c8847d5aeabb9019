import type { z } from 'zod';

/** Steps through a zod schema the way a configuration's path does. Wrappers (defaults, transforms, …) are invisible. */
export type Schema = z.core.$ZodType;

/** The schemas a value of `schema` may have: unions are opened, wrappers taken off. */
export function alternatives(schema: Schema): Schema[] {
  const { def } = (schema as z.core.$ZodTypes)._zod;
  switch (def.type) {
    case 'default':
    case 'prefault':
    case 'optional':
    case 'nonoptional':
    case 'nullable':
    case 'readonly':
    case 'catch':
      return alternatives(def.innerType);
    case 'pipe':
      // A preprocess step has its schema on the output side, a transform on the input side.
      return alternatives(isTransform(def.in) ? def.out : def.in);
    case 'lazy':
      return alternatives(def.getter());
    case 'union':
      return def.options.flatMap(alternatives);
    case 'intersection':
      return [...alternatives(def.left), ...alternatives(def.right)];
    default:
      return [schema];
  }
}

const isTransform = (schema: Schema): boolean => (schema as z.core.$ZodTypes)._zod.def.type === 'transform';

/** What stands under `key` in a value of `schema`. */
export function childSchemas(schema: Schema, key: PropertyKey): Schema[] {
  return alternatives(schema).flatMap((each): Schema[] => {
    const { def } = (each as z.core.$ZodTypes)._zod;
    if (def.type === 'object') {
      const child = def.shape[String(key)];
      return child === undefined ? [] : [child];
    }
    if (def.type === 'record') return [def.valueType];
    if (def.type === 'array') return [def.element];
    return [];
  });
}

export function schemasAt(schema: Schema, path: readonly PropertyKey[]): Schema[] {
  return path.reduce<Schema[]>((schemas, key) => schemas.flatMap((each) => childSchemas(each, key)), [schema]);
}

/** Keys an object of `schema` may have. */
export function keysOf(schema: Schema): string[] {
  return alternatives(schema).flatMap((each) => {
    const { def } = (each as z.core.$ZodTypes)._zod;
    return def.type === 'object' ? Object.keys(def.shape) : [];
  });
}

interface Described {
  meta?: () => Readonly<Record<string, unknown>> | undefined;
}

/** A metadata value of the schema or of what it wraps, the outermost first. */
export function metaOf(schema: Schema, name: string): unknown {
  const own = (schema as Described).meta?.()?.[name];
  if (own !== undefined) return own;
  const { def } = (schema as z.core.$ZodTypes)._zod;
  if ('innerType' in def) return metaOf(def.innerType, name);
  if (def.type === 'pipe') return metaOf(def.in, name) ?? metaOf(def.out, name);
  return undefined;
}
