import { describe, expect, it } from 'vitest';
import { configJsonSchema } from '../../config/json-schema.ts';
import { registry } from '../support/config.ts';

type Json = Record<string, never>;
const at = (value: unknown, ...path: string[]): unknown =>
  path.reduce<unknown>((found, key) => (found as Json | undefined)?.[key], value);

describe('the JSON Schema of a configuration', () => {
  const schema = configJsonSchema(registry);
  const components = (section: string): Json => at(schema, 'properties', section, 'patternProperties') as Json;

  it('names every component by type, alias and type/name', () => {
    const patterns = Object.keys(components('exporters')).map((pattern) => new RegExp(pattern));
    const known = (id: string): boolean => patterns.some((pattern) => pattern.test(id));
    expect(['debug', 'debug/x', 'logging', 'otlp_http', 'otlphttp/y'].map(known)).toEqual([true, true, true, true, true]);
    expect(['debugx', 'debug/', 'xdebug'].map(known)).toEqual([false, false, false]);
  });

  it('writes defaults as people write them and keeps our marks to itself', () => {
    const text = JSON.stringify(schema);
    expect(text).not.toContain('"mark"');
    const debug = at(components('exporters')['^(debug|logging)(/.+)?$'], 'anyOf', '0');
    expect(at(debug, 'properties', 'timeout', 'default')).toBe('5s');
  });

  it('lets a substitution stand for a number, a flag or a choice, once', () => {
    const batch = at(components('processors')['^(batch)(/.+)?$'], 'anyOf', '0');
    const size = at(batch, 'properties', 'send_batch_size') as { anyOf: Json[]; default: number };
    expect(size.default).toBe(8192);
    expect(size.anyOf).toHaveLength(2);
    expect(size.anyOf[0]?.['type']).toBe('integer');
    expect(new RegExp(size.anyOf[1]?.['pattern'] ?? '').test('${env:SIZE:-5}')).toBe(true);
  });

  it('lets a map be empty and a checked text be a substitution', () => {
    const otlp = at(components('receivers')['^(otlp)(/.+)?$'], 'anyOf', '0', 'properties', 'protocols');
    expect(at(otlp, 'type')).toEqual(['object', 'null']);
    expect(at(components('processors')['^(scope)(/.+)?$'], 'anyOf', '0', 'properties', 'on_missing', 'anyOf', '1', 'type')).toBe(
      'string',
    );
  });

  it('refuses unknown sections and options', () => {
    expect(schema['additionalProperties']).toBe(false);
    expect(at(schema, 'properties', 'service', 'additionalProperties')).toBe(false);
    expect(at(components('processors')['^(batch)(/.+)?$'], 'anyOf', '0', 'additionalProperties')).toBe(false);
  });

  it('lets a component and a scope be empty', () => {
    expect(at(components('exporters')['^(debug|logging)(/.+)?$'], 'anyOf', '1')).toEqual({ type: 'null' });
  });
});
