import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Fold } from '../../../extensions/audit/fold.ts';
import { recordOf, type Draft } from '../../../extensions/audit/record.ts';
import type { AuditEvent } from '../../../pipeline/audit.ts';
import { LIMITS } from '../../../pipeline/limits.ts';
import { change, violation } from '../../support/audit-logs.ts';
import { countsOf, countsOfRecords } from '../../support/reference/audit-counts.ts';

const NOW = 1_700_000_000_000;
const recordsOf = (drafts: readonly Draft[]) => drafts.map((draft, seq) => recordOf(draft, seq));

test('of events alike the first has a record at once, the others one count when the second is over', () => {
  const fold = new Fold();
  const first = fold.take(violation('10.0.0.1', { details: { attempted_scope: 'OTHER' } }), NOW);
  expect(first).toMatchObject({ type: 'SCOPE_VIOLATION', items: 3, atMs: NOW, details: { attempted_scope: 'OTHER' } });
  expect(first).not.toHaveProperty('events');
  for (let n = 1; n <= 5; n++) expect(fold.take(violation('10.0.0.1', { items: n }), NOW + n)).toBeUndefined();
  expect(fold.end()).toMatchObject([{ events: 5, items: 15, fromMs: NOW + 1, atMs: NOW + 5 }]);
  expect(fold.end()).toEqual([]);
  expect(fold.take(violation('10.0.0.1'), NOW + 1000)).toBeDefined();
});

test('what happened once leaves no count', () => {
  const fold = new Fold();
  fold.take(violation('10.0.0.1'), NOW);
  expect([fold.isEmpty, fold.end(), fold.isEmpty]).toEqual([false, [], true]);
});

test('mutations are only counted, configuration changes never', () => {
  const fold = new Fold();
  const mutation: AuditEvent = { type: 'METRIC_MUTATION', severity: 'INFO', action: 'modified', result: 'SUCCESS', items: 7 };
  expect([fold.take(mutation, NOW), fold.take(mutation, NOW)]).toEqual([undefined, undefined]);
  for (let n = 0; n < 5; n++) expect(fold.take(change(n), NOW)).toMatchObject({ details: { n } });
  expect(fold.end()).toMatchObject([{ type: 'METRIC_MUTATION', events: 2, items: 14 }]);
});

test('a million violations become one record and one exact count', () => {
  const fold = new Fold();
  let own = 0;
  for (let n = 0; n < 1_000_000; n++) if (fold.take(violation('10.0.0.1', { items: 2 }), NOW) !== undefined) own += 1;
  expect(own).toBe(1);
  expect(fold.end()).toMatchObject([{ events: 999_999, items: 1_999_998 }]);
});

test('clients over the limit are counted together, exactly, and not told apart', () => {
  const fold = new Fold();
  const drafts: Draft[] = [];
  const clients = LIMITS.auditKinds * 3;
  for (let round = 0; round < 2; round++) {
    for (let n = 0; n < clients; n++) {
      const draft = fold.take(violation(`10.0.${n >> 8}.${n & 255}`, { items: 1 }), NOW);
      if (draft !== undefined) drafts.push(draft);
    }
  }
  expect(drafts).toHaveLength(LIMITS.auditKinds + 1);
  expect(drafts.at(-1)).toMatchObject({ client: '*' });
  drafts.push(...fold.end());
  expect(drafts.length).toBeLessThanOrEqual(2 * (LIMITS.auditKinds + 1));
  expect(drafts.reduce((sum, { items }) => sum + (items ?? 0), 0)).toBe(2 * clients);
});

test('whatever comes, the records add up to it', () => {
  const event = fc.record({
    type: fc.constantFrom('AUTH', 'SCOPE_VIOLATION', 'METRIC_MUTATION', 'CONFIG_CHANGE', 'ERROR'),
    severity: fc.constantFrom('INFO', 'CRITICAL'),
    action: fc.constantFrom('a', 'b'),
    result: fc.constant('FAILURE'),
    scope: fc.option(fc.constantFrom('A', 'B'), { nil: undefined }),
    client: fc.option(fc.constantFrom('10.0.0.1', '10.0.0.2'), { nil: undefined }),
    items: fc.nat(1000),
  }) as fc.Arbitrary<AuditEvent>;
  fc.assert(
    fc.property(fc.array(fc.option(event, { nil: undefined, freq: 8 })), (steps) => {
      const fold = new Fold();
      const drafts: Draft[] = [];
      for (const [at, step] of steps.entries()) {
        if (step === undefined) drafts.push(...fold.end());
        else drafts.push(...[fold.take(step, NOW + at) ?? []].flat());
      }
      drafts.push(...fold.end());
      const events = steps.filter((step) => step !== undefined);
      expect(countsOfRecords(recordsOf(drafts))).toEqual(countsOf(events));
    }),
    { endOnFailure: true },
  );
});
