import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SIGNALS } from '../../../pipeline/signal.ts';
import { create } from '../../../processors/attributes/attributes.ts';
import { attributes } from '../../../processors/attributes/index.ts';
import { anyAction, lower } from '../../support/any-actions.ts';
import { anyRequest, encode, logRecord, request } from '../../support/build.ts';
import { boundBatch, CLAIM, mergedTwice, processed } from '../../support/processing.ts';
import { actOn, eachItem, setAttributes } from '../../support/reference/attribute-actions.ts';
import { encodeOddly, seeded } from '../../support/reference/odd-encoder.ts';
import { decode, type Tree } from '../../support/reference/otlp.ts';

const METADATA = { 'x-tenant': 'Ünited' };

describe.each(SIGNALS)('%s', (signal) => {
  test('any actions do to every item what their naive twin does, and nothing to anything else', () => {
    fc.assert(
      fc.property(anyRequest(signal), fc.array(anyAction, { minLength: 1, maxLength: 5 }), fc.nat(), (tree, actions, seed) => {
        const bytes = encodeOddly(signal, tree, seeded(seed), {
          shuffle: seed % 2 === 0,
          overlong: seed % 3 === 0,
        });
        const batch = boundBatch(signal, bytes, METADATA);
        if (batch === undefined) return;
        const want = decode(signal, batch.segments);
        eachItem(want, (item) => {
          setAttributes(item, actOn((item['attributes'] ?? []) as Tree[], actions.map(lower), CLAIM, METADATA));
        });
        const got = processed(create(attributes.config.parse({ actions })), batch);
        expect(got.tree).toEqual(want);
        expect(got.dropped).toEqual({});
        expect(got.batch!.items).toBe(batch.items);
        expect(got.batch!.byteLength).toBe(got.batch!.segments.reduce((sum, each) => sum + each.length, 0));
      }),
      { numRuns: 300, endOnFailure: true },
    );
  });

  test('a batch that no action changes passes as it is', () => {
    const batch = boundBatch(
      signal,
      encode(
        signal,
        fc
          .sample(anyRequest(signal), { numRuns: 50, seed: 3 })
          .find((tree) => boundBatch(signal, encode(signal, tree)) !== undefined)!,
      ),
    )!;
    const processor = create(
      attributes.config.parse({
        actions: [
          { key: 'not.there', action: 'delete' },
          { key: 'nor.this', value: 1, action: 'update' },
        ],
      }),
    );
    expect(processed(processor, batch).batch).toBe(batch);
  });

  test('behind batch it works on all requests, and none of them lends its headers', () => {
    const one = boundBatch(
      signal,
      encode(
        signal,
        fc
          .sample(anyRequest(signal), { numRuns: 60, seed: 9 })
          .find((tree) => (boundBatch(signal, encode(signal, tree))?.items ?? 0) > 1)!,
      ),
      METADATA,
    )!;
    const both = mergedTwice(one, one);
    const actions = [{ key: 'b', from_context: 'metadata.x-tenant', default_value: 'none', action: 'upsert' }];
    const got = processed(create(attributes.config.parse({ actions })), both);
    let items = 0;
    eachItem(got.tree!, (item) => {
      items += 1;
      expect((item['attributes'] as Tree[]).at(-1)).toEqual({ key: 'b', value: { stringValue: 'none' } });
    });
    expect(items).toBe(one.items * 2);
  });
});

test('its changes are there for the audit log', () => {
  const actions = [{ key: 'a', value: 'b', action: 'upsert' }];
  const processor = create(attributes.config.parse({ actions }));
  const records = [logRecord({ a: 'x' }), logRecord({ a: 'b' }), logRecord()];
  const batch = boundBatch('logs', encode('logs', request('logs', [{ items: records }])))!;
  processed(processor, batch);
  expect(processor.mutations?.()).toEqual({ added: 1, modified: 1, deleted: 0 });
});
