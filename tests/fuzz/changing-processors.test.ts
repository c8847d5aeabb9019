import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Processor } from '../../pipeline/component.ts';
import { SIGNALS } from '../../pipeline/signal.ts';
import { create as createAttributes } from '../../processors/attributes/attributes.ts';
import { attributes } from '../../processors/attributes/index.ts';
import { create as createFilter } from '../../processors/filter/filter.ts';
import { filter } from '../../processors/filter/index.ts';
import { resource } from '../../processors/resource/index.ts';
import { create as createResource } from '../../processors/resource/resource.ts';
import { anyRequest } from '../support/build.ts';
import { quietContext } from '../support/contexts.ts';
import { itemsOf } from '../support/items.ts';
import { boundBatch, processed } from '../support/processing.ts';
import { encodeOddly, seeded } from '../support/reference/odd-encoder.ts';
import { decode } from '../support/reference/otlp.ts';

const actions = [
  { pattern: '[a-m]', action: 'hash' },
  { key: 'service.name', pattern: '(?P<a>.)(?P<http>.*)', action: 'extract' },
  { key: 'a', action: 'convert', converted_type: 'string' },
  { key: 'b', from_attribute: 'http.route', action: 'rename' },
  { key: 'c', value: { k: [1, 'x'] }, action: 'upsert' },
  { pattern: '^$', action: 'delete' },
];
const conditions = {
  traces: {
    span: ['attributes["a"]["b"][0] == status.message', 'IsMatch(attributes["a"], "x")'],
    spanevent: ['attributes["a"] > 1'],
  },
  metrics: { metric: ['HasAttrOnDatapoint("a", "")'], datapoint: ['value_int > 5 or sum < 1.0 or flags == 1'] },
  logs: { log_record: ['body["a"] == nil', 'IsMatch(body, "[a-f]$")', 'HasSuffix(severity_text, "a")'] },
};

const makers: readonly (() => Processor)[] = [
  () =>
    createAttributes(
      attributes.config.parse({
        actions,
        exclude: { match_type: 'regexp', services: ['a$'], attributes: [{ key: 'a', value: '.' }] },
      }),
    ),
  () => createResource(resource.config.parse({ attributes: actions })),
  () => createFilter(filter.config.parse({ ...conditions, error_mode: 'silent' }), quietContext()),
];

test.each(SIGNALS)(
  'whatever %s bytes the walk lets pass, the processors that change them give valid OTLP and account for every item',
  (signal) => {
    const mutation = fc.tuple(fc.nat(), fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 0x0a, 0x12, 0x7f, 0x80, 0xff)));
    let passed = 0;
    fc.assert(
      fc.property(anyRequest(signal), fc.array(mutation, { maxLength: 4 }), fc.nat(), (tree, mutations, seed) => {
        const bytes = Uint8Array.from(
          encodeOddly(signal, tree, seeded(seed), { shuffle: true, unknown: true, overlong: true, repeat: true }),
        );
        for (const [at, byte] of mutations) if (bytes.length > 0) bytes[at % bytes.length] = byte;
        let batch = boundBatch(signal, bytes);
        if (batch === undefined) return;
        passed += 1;
        for (const make of makers) {
          const got = processed(make(), batch);
          const lost = Object.values(got.dropped).reduce((sum, items) => sum + items, 0);
          expect((got.batch?.items ?? 0) + lost).toBe(batch.items);
          if (got.batch === undefined) return;
          expect(itemsOf(signal, decode(signal, got.batch.segments)).length).toBe(got.batch.items);
          batch = got.batch;
        }
      }),
      { numRuns: 500, endOnFailure: true },
    );
    expect(passed).toBeGreaterThan(50);
  },
);
