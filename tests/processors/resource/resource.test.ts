import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SIGNALS } from '../../../pipeline/signal.ts';
import { resource } from '../../../processors/resource/index.ts';
import { create } from '../../../processors/resource/resource.ts';
import { anyAction, lower } from '../../support/any-actions.ts';
import { anyRequest, encode, logRecord, request } from '../../support/build.ts';
import { boundBatch, CLAIM, processed } from '../../support/processing.ts';
import { actOn, changeResources } from '../../support/reference/attribute-actions.ts';
import { encodeOddly, seeded } from '../../support/reference/odd-encoder.ts';
import { decode, type Tree } from '../../support/reference/otlp.ts';
import { scopedBatch } from '../../support/scoped-batches.ts';

describe.each(SIGNALS)('%s', (signal) => {
  test('any actions do to every Resource what their naive twin does, and nothing to anything else', () => {
    fc.assert(
      fc.property(anyRequest(signal), fc.array(anyAction, { minLength: 1, maxLength: 5 }), fc.nat(), (tree, actions, seed) => {
        const bytes = encodeOddly(signal, tree, seeded(seed), { shuffle: seed % 2 === 0, overlong: seed % 3 === 0 });
        const batch = boundBatch(signal, bytes);
        if (batch === undefined) return;
        const want = decode(signal, batch.segments);
        changeResources(want, (attributes) => actOn(attributes, actions.map(lower), CLAIM));
        const got = processed(create(resource.config.parse({ attributes: actions })), batch);
        expect(got.tree).toEqual(want);
        expect(got.batch!.items).toBe(batch.items);
      }),
      { numRuns: 300, endOnFailure: true },
    );
  });
});

test('a group without a Resource gets one, when there is something to put into it', () => {
  const bytes = encode('logs', request('logs', [{ items: [logRecord()] }]));
  const actions = (action: string): object => ({ attributes: [{ key: 'zone', value: 'z1', action }] });
  const changed = processed(create(resource.config.parse(actions('upsert'))), scopedBatch('logs', [bytes], 1));
  expect(changed.tree).toEqual(
    decode('logs', encode('logs', request('logs', [{ resource: { zone: 'z1' }, items: [logRecord()] }]))),
  );
  const batch = scopedBatch('logs', [bytes], 1);
  expect(processed(create(resource.config.parse(actions('update'))), batch).batch).toBe(batch);
});

test('the claim of a Resource outlives every action, and each refusal is counted', () => {
  const batch = boundBatch('logs', encode('logs', request('logs', [{ resource: { a: 'b' }, items: [logRecord()] }])))!;
  const processor = create(
    resource.config.parse({
      attributes: [
        { key: CLAIM, value: 'B', action: 'upsert' },
        { key: CLAIM, action: 'delete' },
        { pattern: '.*', action: 'hash' },
        { key: CLAIM, from_attribute: 'a', action: 'rename' },
        { pattern: '.', action: 'delete' },
      ],
    }),
  );
  const { tree } = processed(processor, batch);
  expect((tree!['resourceLogs'] as Tree[])[0]!['resource']).toEqual({
    attributes: [{ key: CLAIM, value: { stringValue: 'A' } }],
  });
  expect(processor.stats!()).toEqual({ refused: 5, too_long: 0 });
});

test('its changes are there for the audit log, those in a Resource it has made, too', () => {
  const actions = [
    { key: 'zone', value: 'z1', action: 'upsert' },
    { key: 'old', action: 'delete' },
  ];
  const processor = create(resource.config.parse({ attributes: actions }));
  const groups = [{ resource: { zone: 'z0', old: '1' }, items: [logRecord()] }, { items: [logRecord()] }];
  processed(processor, scopedBatch('logs', [encode('logs', request('logs', groups))], 2));
  expect(processor.mutations?.()).toEqual({ added: 1, modified: 1, deleted: 1 });
});
