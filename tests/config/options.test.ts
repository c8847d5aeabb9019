import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { optionsOf } from '../../config/options.ts';
import { byteSize, duration, secret } from '../../pipeline/config-types.ts';

const schema = z.preprocess(
  (value) => value ?? {},
  z.strictObject({
    endpoint: z.string().default('localhost:1').meta({ description: 'Where.' }),
    timeout: duration().default(5000).meta({ description: 'How long.' }),
    size: byteSize().default(64 * 1024 * 1024),
    headers: z.record(z.string(), secret()).default({}),
    mode: z.enum(['clean', 'reject']).default('clean'),
    count: z.int().optional(),
    keys: z.array(z.string()).default(['a', 'b']),
    queue: z
      .strictObject({ enabled: z.boolean().default(true) })
      .prefault({})
      .meta({ description: 'The queue.' }),
    actions: z.array(z.strictObject({ key: z.string().meta({ description: 'Its key.' }) })).meta({ description: 'In order.' }),
    groups: z.record(z.string(), z.strictObject({ size: z.number().default(1) })).default({}),
    limit: z.union([z.number(), z.literal('none')]).default('none'),
  }),
);

describe('the options of a schema', () => {
  const rows = new Map(optionsOf(schema).map((option) => [option.path, option]));

  it.each([
    ['endpoint', 'string', '"localhost:1"', 'Where.'],
    ['timeout', 'duration', '"5s"', 'How long.'],
    ['size', 'size', '"64MiB"', ''],
    ['headers', 'map of secret', '{}', ''],
    ['mode', 'clean, reject', '"clean"', ''],
    ['count', 'integer', undefined, ''],
    ['keys', 'list of string', '["a","b"]', ''],
    ['queue', 'map', undefined, 'The queue.'],
    ['queue.enabled', 'boolean', 'true', ''],
    ['actions', 'list of map', undefined, 'In order.'],
    ['actions[].key', 'string', undefined, 'Its key.'],
    ['groups.*.size', 'number', '1', ''],
    ['limit', 'number or none', '"none"', ''],
  ])('%s: %s', (path, type, initial, description) => {
    expect(rows.get(path)).toEqual({ path, type, default: initial, description });
  });

  it('come in the order of the schema', () => {
    expect([...rows.keys()].slice(0, 3)).toEqual(['endpoint', 'timeout', 'size']);
  });
});
