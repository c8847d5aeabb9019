import { z } from 'zod';
import { authSchema } from '../pipeline/auth.ts';
import { asWritten, defaultOf } from './options.ts';
import { REGISTRY, SECTIONS, type AnyComponent, type Registry } from './registry.ts';
import { scopesSchema } from './scopes.ts';
import { serviceSchema } from './service.ts';
import { storageSchema } from './storage.ts';

type Json = Record<string, unknown>;

/** `${env:X}` may stand where a number, a flag or a choice is wanted. */
const SUBSTITUTION = { type: 'string', pattern: '^.*\\$\\{.+\\}.*$' };

/** The JSON Schema of a whole configuration: what editors complete and check YAML with. */
export function configJsonSchema(registry: Registry = REGISTRY): Json {
  const sections = Object.fromEntries(
    SECTIONS.map((section) => [
      section,
      {
        description: `By id: type, or type/name.`,
        type: ['object', 'null'],
        patternProperties: Object.fromEntries(
          registry[section].map((component) => [idPattern(component), componentSchema(component)]),
        ),
        additionalProperties: false,
      },
    ]),
  );
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Periscope configuration',
    type: 'object',
    properties: {
      ...sections,
      scopes: optional(toJson(scopesSchema)),
      service: toJson(serviceSchema),
      auth: optional(toJson(authSchema)),
      storage: optional(toJson(storageSchema)),
    },
    additionalProperties: false,
  };
}

function idPattern({ type, aliases = [] }: AnyComponent): string {
  return `^(${[type, ...aliases].join('|')})(/.+)?$`;
}

function componentSchema(component: AnyComponent): Json {
  return { description: component.summary, ...optional(toJson(component.config)) };
}

/** A component or scope with nothing written takes its defaults. */
const optional = (schema: Json): Json => ({ anyOf: [schema, { type: 'null' }] });

function toJson(schema: z.ZodType): Json {
  const json = z.toJSONSchema(schema, {
    io: 'input',
    unrepresentable: 'any',
    reused: 'inline',
    override: ({ zodSchema, jsonSchema }) => refine(zodSchema, jsonSchema),
  });
  const { $schema: _, ...rest } = json as Json;
  return rest;
}

/** Defaults as they are written, our marks out, empty maps and substitutions let in. */
function refine(schema: z.core.$ZodType, json: Json): void {
  delete json['mark'];
  // zod leaves out the default of an option that is transformed.
  const given = defaultOf(schema);
  if (given !== undefined) json['default'] = asWritten(schema, given);
  if (json['type'] === 'object') json['type'] = ['object', 'null'];
  if (!isChecked(json)) return;
  const { description, default: initial, ...own } = json;
  for (const key of Object.keys(json)) delete json[key];
  // zod writes a wrapper (a default, a description) into the JSON of what it wraps: that one is refined already.
  Object.assign(json, { anyOf: [own, SUBSTITUTION] });
  if (description !== undefined) json['description'] = description;
  if (initial !== undefined) json['default'] = initial;
}

/** Would refuse a text such as `${env:X}`; what it stands for is checked when the configuration is loaded. */
function isChecked(json: Json): boolean {
  if (json['type'] === 'number' || json['type'] === 'integer' || json['type'] === 'boolean') return true;
  return (
    Array.isArray(json['enum']) || json['const'] !== undefined || json['pattern'] !== undefined || json['format'] !== undefined
  );
}
