import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { deliveryFields, deliveryFieldsWith, deliveryOf } from '../../pipeline/delivery.ts';
import { LIMITS } from '../../pipeline/limits.ts';

const schema = z.strictObject(deliveryFields);

describe('the keys that every exporter has', () => {
  test('nothing given, and nothing behind a key, are the defaults', () => {
    const defaults = schema.parse({});
    expect(schema.parse({ sending_queue: null, retry_on_failure: null })).toEqual(defaults);
    expect(schema.parse({ sending_queue: {}, retry_on_failure: {} })).toEqual(defaults);
    expect(defaults).toEqual({
      sending_queue: {
        enabled: true,
        num_consumers: 10,
        queue_size: LIMITS.queueItems,
        sizer: 'items',
        queue_bytes: LIMITS.queueBytes,
        on_full: 'refuse',
        block_on_overflow: false,
        wait_for_result: false,
      },
      retry_on_failure: {
        enabled: true,
        initial_interval: 5000,
        max_interval: 30_000,
        multiplier: 1.5,
        randomization_factor: 1,
        max_elapsed_time: 300_000,
      },
      timeout: 5000,
    });
  });

  test('a queue_size alone counts requests, as in the Go collector', () => {
    expect(schema.parse({ sending_queue: { queue_size: 5000 } }).sending_queue).toMatchObject({
      queue_size: 5000,
      sizer: 'requests',
    });
    expect(schema.parse({ sending_queue: { queue_size: 5000, sizer: 'items' } }).sending_queue).toMatchObject({
      queue_size: 5000,
      sizer: 'items',
    });
  });

  test('a sizer alone has its own default size', () => {
    expect(schema.parse({ sending_queue: { sizer: 'bytes' } }).sending_queue.queue_size).toBe(LIMITS.queueBytes);
    expect(schema.parse({ sending_queue: { sizer: 'requests' } }).sending_queue.queue_size).toBe(LIMITS.queueRequests);
  });

  test('block_on_overflow is on_full: block', () => {
    expect(schema.parse({ sending_queue: { block_on_overflow: true } }).sending_queue.on_full).toBe('block');
  });

  test('batch is off until it is there; its sizer is what the queue says it is, else items', () => {
    const batchOf = (sending_queue: z.input<typeof schema>['sending_queue']) =>
      schema.parse({ sending_queue }).sending_queue.batch;
    const defaults = { flush_timeout: 200, min_size: 8192, max_size: 0, sizer: 'items', partition: { metadata_keys: [] } };
    expect(batchOf({})).toBeUndefined();
    expect(batchOf({ batch: {} })).toEqual(defaults);
    expect(batchOf({ batch: null })).toEqual(defaults);
    expect(batchOf({ batch: {}, queue_size: 20_000 })).toEqual(defaults);
    expect(batchOf({ batch: {}, sizer: 'bytes' })).toEqual({ ...defaults, sizer: 'bytes' });
    expect(batchOf({ batch: { sizer: 'bytes' }, sizer: 'requests' })).toEqual({ ...defaults, sizer: 'bytes' });
    expect(batchOf({ batch: {}, enabled: false })).toBeUndefined();
  });

  test.each([
    [{ batch: {}, sizer: 'requests' as const }, 'batch.sizer', 'a batch counts items or bytes'],
    [{ batch: { min_size: 10 }, queue_size: 9, sizer: 'items' as const }, 'batch.min_size', 'at most the queue_size, 9'],
    [{ batch: { min_size: 10, max_size: 9 } }, 'batch.max_size', 'at least min_size'],
    [{ batch: { flush_timeout: 0 } }, 'batch.flush_timeout', 'above 0'],
    [{ batch: { partition: { metadata_keys: ['a', 'A'] } } }, 'batch.partition.metadata_keys', 'twice'],
    [{ storage: 'file_storage' as unknown as null }, 'storage', 'not there yet'],
  ])('%j is a fault at %s', (sending_queue, path, message) => {
    const issues = schema.safeParse({ sending_queue }).error?.issues ?? [];
    expect(issues.map((issue) => issue.path.join('.'))).toEqual([`sending_queue.${path}`]);
    expect(issues[0]!.message).toContain(message);
  });

  test('an exporter may have other defaults', () => {
    const own = z.strictObject(deliveryFieldsWith({ onFull: 'drop', timeout: '30s' })).parse({});
    expect(own.sending_queue.on_full).toBe('drop');
    expect(own.timeout).toBe(30_000);
  });

  test('durations and sizes are read as the collector writes them', () => {
    const parsed = schema.parse({
      timeout: '200ms',
      retry_on_failure: { initial_interval: '1m', max_elapsed_time: 0 },
      sending_queue: { queue_bytes: '1MiB' },
    });
    expect(parsed.timeout).toBe(200);
    expect(parsed.retry_on_failure).toMatchObject({ initial_interval: 60_000, max_elapsed_time: 0 });
    expect(parsed.sending_queue.queue_bytes).toBe(1024 * 1024);
  });

  test.each([
    { sending_queue: { num_consumers: 0 } },
    { sending_queue: { queue_sise: 1 } },
    { retry_on_failure: { multiplier: 0.5 } },
    { timeout: 'soon' },
    { scopes: [] },
  ])('%j is a fault', (given) => {
    expect(schema.safeParse(given).success).toBe(false);
  });

  test("what the runtime acts on is cut out of an exporter's config", () => {
    const config = { ...schema.parse({ scopes: ['ENTERPRISE'] }), endpoint: 'http://127.0.0.1:1' };
    expect(Object.keys(deliveryOf(config)).sort()).toEqual(['retry_on_failure', 'scopes', 'sending_queue', 'timeout']);
  });

  test('the schema can be printed as JSON Schema', () => {
    const printed = JSON.stringify(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }));
    for (const key of ['sending_queue', 'num_consumers', 'initial_interval', 'timeout']) expect(printed).toContain(`"${key}"`);
  });
});
