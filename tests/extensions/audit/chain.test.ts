import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CHAIN_START, GENESIS, hashOf, readLine, seal } from '../../../extensions/audit/chain.ts';
import type { Draft } from '../../../extensions/audit/record.ts';

const DRAFT: Draft = {
  type: 'ERROR',
  severity: 'ERROR',
  action: 'destination_refused',
  result: 'FAILURE',
  atMs: 0,
  scope: 'ACME',
  items: 4,
};
const withoutNewline = (line: Buffer): Buffer => line.subarray(0, -1);

test('anybody can compute a hash from the JSON: SHA-256 of domain, hash before, and the record by RFC 8785', () => {
  const { line, end } = seal(DRAFT, CHAIN_START);
  const { hash, ...record } = JSON.parse(line.toString()) as Record<string, unknown>;
  // All keys are ASCII and no value is an object, so sorted JSON is what RFC 8785 asks for.
  const body = JSON.stringify(record, Object.keys(record).toSorted());
  const expected = createHash('sha256')
    .update(Buffer.concat([Buffer.from('periscope.audit.v1\n'), Buffer.from(GENESIS, 'hex'), Buffer.from(body)]))
    .digest('hex');
  expect(hash).toBe(expected);
  expect(end).toEqual({ seq: 0, hash: expected });
  expect(hashOf(GENESIS, body)).toBe(expected);
});

test('a line reads back as the record that was sealed', () => {
  const { line, record, end } = seal({ ...DRAFT, details: { b: 'ü "\\ \u2028', a: 1 } }, { seq: 41, hash: GENESIS });
  const found = readLine(withoutNewline(line))!;
  expect(found.record).toMatchObject(record);
  expect([found.hash, found.hashAfter(GENESIS)]).toEqual([end.hash, end.hash]);
  expect(found.record.seq).toBe(42);
});

test('a line of which any one byte is changed does not hold', () => {
  const { line } = seal({ ...DRAFT, details: { text: 'schön' } }, CHAIN_START);
  fc.assert(
    fc.property(fc.nat(line.length - 2), fc.integer({ min: 1, max: 255 }), (at, flip) => {
      const changed = Buffer.from(withoutNewline(line));
      changed[at]! ^= flip;
      const found = readLine(changed);
      expect(found !== undefined && found.hashAfter(GENESIS) === found.hash).toBe(false);
    }),
    { endOnFailure: true },
  );
});

test.each(['', '{}', '[]', 'null', '{"hash":"x"}', `{"hash":"${'0'.repeat(64)}","seq":1}`])('%s is no line of a log', (text) => {
  expect(readLine(Buffer.from(text))).toBeUndefined();
});
