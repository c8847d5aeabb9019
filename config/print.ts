import { stringify } from 'yaml';
import type { z } from 'zod';
import { authSchema } from '../pipeline/auth.ts';
import { asWritten, defaultOf } from './options.ts';
import { findComponent, REGISTRY, SECTIONS, type Registry, type Section } from './registry.ts';
import { alternatives, childSchemas, metaOf, type Schema } from './schema-walk.ts';
import { scopesSchema } from './scopes.ts';
import { serviceSchema } from './service.ts';
import { storageSchema } from './storage.ts';
import { plainOf, type MapTree } from './tree.ts';

const REDACTED = '[REDACTED]';
/** Where no schema says what is secret (a component we do not have), the name decides. */
const SECRET_NAME = /pass|secret|token|credential|auth|header|(^|_)(api_?)?key($|_)|dsn/i;

/** A configuration as YAML, substituted and merged, without its secrets. `withDefaults` adds what was not written. */
export function printConfig(tree: MapTree, withDefaults: boolean, registry: Registry = REGISTRY): string {
  const plain = plainOf(tree) as Record<string, unknown>;
  const printed: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(plain)) {
    if ((SECTIONS as readonly string[]).includes(key)) printed[key] = printSection(key as Section, value, withDefaults, registry);
    else if (key === 'service') printed[key] = printValue(serviceSchema, value, withDefaults);
    else if (key === 'auth') printed[key] = printValue(authSchema, value, withDefaults, true);
    else if (key === 'storage') printed[key] = printValue(storageSchema, value, withDefaults);
    else if (key === 'scopes') printed[key] = printValue(scopesSchema, value, false);
    else printed[key] = redactByName(key, value);
  }
  return stringify(printed, { lineWidth: 0, aliasDuplicateObjects: false });
}

function printSection(section: Section, value: unknown, withDefaults: boolean, registry: Registry): unknown {
  if (!isMap(value)) return redactByName(section, value);
  return Object.fromEntries(
    Object.entries(value).map(([id, config]) => {
      const component = findComponent(registry, section, id.split('/')[0] ?? id);
      return [id, component === undefined ? redactByName('', config) : printValue(component.config, config, withDefaults)];
    }),
  );
}

const isMap = (value: unknown): value is Record<string, unknown> =>
  value !== null && typeof value === 'object' && !Array.isArray(value);
const isObject = (schema: Schema): boolean => shapeOf(schema) !== undefined;

function shapeOf(schema: Schema): Readonly<Record<string, Schema>> | undefined {
  const { def } = (schema as unknown as { _zod: { def: { type: string; shape?: Readonly<Record<string, Schema>> } } })._zod;
  return def.type === 'object' ? def.shape : undefined;
}

/** `hidden`: whatever no schema describes is taken for a secret. */
function printValue(schema: Schema, value: unknown, withDefaults: boolean, hidden = false): unknown {
  if (metaOf(schema, 'mark') === 'secret') return value === null || value === undefined ? value : REDACTED;
  if (value === null || value === undefined) {
    if (!withDefaults) return value;
    const objects = alternatives(schema).filter(isObject);
    if (objects.length === 0) return asWritten(schema, defaultOf(schema) ?? value);
    return printValue(schema, {}, true, hidden);
  }
  if (Array.isArray(value)) {
    return value.map((item, index) => {
      const element = childSchemas(schema, index)[0];
      return element === undefined ? redactUrl(item) : printValue(element, item, withDefaults, hidden);
    });
  }
  if (!isMap(value)) return redactUrl(asWritten(schema, value));
  const printed: Record<string, unknown> = {};
  for (const [key, below] of Object.entries(value)) {
    const child = childSchemas(schema, key)[0];
    // An unknown option may be a misspelt secret.
    printed[key] =
      child === undefined ? redactByName(hidden ? 'secret' : key, below) : printValue(child, below, withDefaults, hidden);
  }
  return withDefaults ? { ...printed, ...defaultsFor(schema, value) } : printed;
}

/** What the schema adds to a map: options that were not written and have a value all the same. */
function defaultsFor(schema: Schema, value: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const added: Record<string, unknown> = {};
  for (const object of alternatives(schema)) {
    for (const [key, child] of Object.entries(shapeOf(object) ?? {})) {
      if (value[key] !== undefined) continue;
      const given = defaultOf(child) ?? impliedMap(child);
      if (given === undefined) continue;
      added[key] = isMap(given) || Array.isArray(given) ? printValue(child, given, true) : asWritten(child, given);
    }
  }
  return added;
}

/** `{}` for an option that is a map of defaults when it is left out. */
function impliedMap(schema: Schema): unknown {
  const parsed = (schema as z.ZodType).safeParse(undefined);
  return parsed.success && isMap(parsed.data) ? {} : undefined;
}

function redactByName(name: string, value: unknown): unknown {
  if (isMap(value)) {
    const hidden = SECRET_NAME.test(name);
    return Object.fromEntries(Object.entries(value).map(([key, below]) => [key, redactByName(hidden ? 'secret' : key, below)]));
  }
  if (Array.isArray(value)) return value.map((item) => redactByName(name, item));
  if (value === null || value === undefined || typeof value === 'boolean') return value;
  return SECRET_NAME.test(name) ? REDACTED : redactUrl(value);
}

/** `https://user:password@host` → `https://user:[REDACTED]@host`. */
function redactUrl(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  return value.replaceAll(/([a-z][a-z0-9+.-]*:\/\/[^\s/:@]*):[^\s/@]*@/gi, `$1:${REDACTED}@`);
}
