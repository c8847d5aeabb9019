import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Inspection } from '../../../pipeline/otlp/inspection.ts';
import { FLAG_CLAIM, MARK_ATTRIBUTE, MARK_STRIDE, KIND, MARKS_FREE } from '../../../pipeline/otlp/marks.kernel.ts';
import { walk, Walk } from '../../../pipeline/otlp/walk.ts';
import { SIGNALS, type Signal } from '../../../pipeline/signal.ts';
import { config } from '../../../processors/sanitize/config.ts';
import { inspectionOf } from '../../../processors/sanitize/inspection.ts';
import { anyRequest, attributes, encode, gauge, logRecord, point, request } from '../../support/build.ts';
import { encodeOddly, seeded } from '../../support/reference/odd-encoder.ts';
import { decode, wireField } from '../../support/reference/otlp.ts';
import { ids } from '../../support/scripted.ts';
import { countItems } from '../../support/reference/scope-and-sanitize.ts';

const cleaning = inspectionOf(config.parse({}));
/** A new object each time: tables, and the memo, belong to it. */
const inspection = (attributesToo = true): Inspection => ({
  claimKeys: [Buffer.from('periscope.scope')],
  attributes: attributesToo ? cleaning : undefined,
  mendsText: true,
});

function walked(signal: Signal, bytes: Uint8Array, what = inspection()): Walk {
  const result = walk(signal, bytes, what);
  if (!(result instanceof Walk)) throw new Error(result.message);
  return result;
}

const claimsIn = (of: Walk): number => {
  let claims = 0;
  for (let mark = 0; mark < of.markCount; mark++) if ((of.flagsOf(mark) & FLAG_CLAIM) !== 0) claims += 1;
  return claims;
};

describe('walk', () => {
  test.each(SIGNALS)('counts the items of any %s request, however it is written', (signal) => {
    fc.assert(
      fc.property(anyRequest(signal), fc.nat(), (tree, seed) => {
        const bytes = encodeOddly(signal, tree, seeded(seed), {
          shuffle: true,
          repeat: true,
          unknown: true,
          unpack: true,
          overlong: true,
        });
        expect(walked(signal, bytes).items).toBe(countItems(signal, decode(signal, bytes)));
      }),
      { numRuns: 150, endOnFailure: true },
    );
  });

  test.each(SIGNALS)('a walk that has seen much finds in %s what a new one finds', (signal) => {
    const warm = inspection();
    fc.assert(
      fc.property(anyRequest(signal), (tree) => {
        const bytes = encode(signal, tree);
        walked(signal, bytes, warm);
        expect(walked(signal, bytes, warm).marks).toEqual(walked(signal, bytes).marks);
      }),
      { numRuns: 150, endOnFailure: true },
    );
  });

  test('a claim is found although all but its list was seen before', () => {
    const warm = inspection();
    const log = (of: Record<string, string>): Uint8Array =>
      encode('logs', request('logs', [{ resource: {}, items: [logRecord(of)] }]));
    for (let i = 0; i < 3; i++) expect(claimsIn(walked('logs', log({ a: '1', b: '2' }), warm))).toBe(0);
    expect(claimsIn(walked('logs', log({ a: '1', b: '2', 'periscope.scope': 'X' }), warm))).toBe(1);
    expect(claimsIn(walked('logs', log({ 'periscope.scope': 'X', a: '1', b: '2' }), warm))).toBe(1);
  });

  test('a claim is found in every run of a list that is written in several', () => {
    const [first, claim, last] = attributes({ a: '1', 'periscope.scope': 'X', b: '2' }).map((each) => encodeAttribute(each));
    const time = wireField(1, 1, Buffer.alloc(8));
    const record = Buffer.concat([first!, time, claim!, wireField(11, 1, Buffer.alloc(8)), last!]);
    const bytes = wireField(1, 2, wireField(2, 2, wireField(2, 2, record)));
    expect(claimsIn(walked('logs', new Uint8Array(bytes)))).toBe(1);
  });

  test('clean data leaves two frames and a place per group, nothing per item', () => {
    const items = Array.from({ length: 50 }, (_, i) => gauge('g', [point({ i: `${i}`, 'http.route': '/x' })]));
    const result = walked('metrics', encode('metrics', request('metrics', [{ resource: { a: 'b' }, items }])));
    expect(result.markCount).toBe(4);
    for (let mark = 0; mark < 4; mark++) expect(result.marks[mark * MARK_STRIDE + KIND]).not.toBe(MARK_ATTRIBUTE);
  });

  test('without a sanitize processor only claims, depth and UTF-8 are marked', () => {
    const bytes = encode('logs', request('logs', [{ resource: {}, items: [logRecord({ 'a key': 'x\u0000', list: ['y'] })] }]));
    expect(walked('logs', bytes, inspection(false)).markCount).toBe(4);
    expect(walked('logs', bytes).markCount).toBeGreaterThan(4);
  });
});

function encodeAttribute(tree: object): Buffer {
  const whole = Buffer.from(encode('logs', request('logs', [{ items: [{ attributes: [tree] } as never] }])));
  return whole.subarray(whole.indexOf(Buffer.from([0x32])));
}

describe('broken requests are MALFORMED', () => {
  const group = (content: Uint8Array): Buffer => wireField(1, 2, content);
  test.each<[string, Uint8Array]>([
    ['a truncated length', Buffer.from([0x0a, 0x80])],
    ['a length past the end', Buffer.from([0x0a, 5, 1, 2])],
    ['an eleven-byte varint', Buffer.from([0x78, ...Buffer.alloc(10, 0xff), 1])],
    ['field number 0', Buffer.from([0x02, 0])],
    ['a group', Buffer.from([0x0b, 0x0c])],
    ['a Resource as a varint', group(Buffer.from([0x08, 1]))],
    ['a trace id of 15 bytes', group(wireField(2, 2, wireField(2, 2, wireField(9, 2, Buffer.alloc(15)))))],
    ['a fixed64 that is cut', group(wireField(2, 2, wireField(2, 2, Buffer.from([0x09, 1, 2]))))],
    ['an attribute that is cut', group(wireField(1, 2, wireField(1, 2, Buffer.from([0x0a, 9, 0x61]))))],
    ['an attribute of the wrong wire type', group(wireField(1, 2, Buffer.from([0x08, 0x02, 0x0a, 0x00])))],
    [
      'an AnyValue member of the wrong wire type',
      group(wireField(1, 2, wireField(1, 2, wireField(2, 2, Buffer.from([0x0d, 0, 0, 0, 0]))))),
    ],
  ])('%s', (_, bytes) => {
    expect(walk('logs', new Uint8Array(bytes), inspection())).toMatchObject({ ok: false, code: 'MALFORMED', retryable: false });
  });

  test('more marks than one request may ask for', () => {
    const empty = wireField(1, 2, wireField(2, 2, Buffer.from('61', 'hex').subarray(0, 0)));
    const one = Buffer.concat([empty, Buffer.from([0x78, 1])]);
    const bytes = new Uint8Array(one.length * MARKS_FREE);
    for (let at = 0; at < bytes.length; at += one.length) bytes.set(one, at);
    const result = walk('logs', bytes, inspection());
    expect(result).toMatchObject({ ok: false, code: 'MALFORMED' });
    expect((result as { message: string }).message).toContain('smaller requests');
  });

  test('what needs more memory for marks than any request may have is asked for first', () => {
    const many = (count: number): Uint8Array =>
      encode(
        'logs',
        request('logs', [{ items: [logRecord(Object.fromEntries(ids(count).map((id) => [`/${id}`, 'a value'])))] }]),
      );
    const asked: number[] = [];
    const admit = (bytes: number): undefined => void asked.push(bytes);
    expect(walk('logs', many(1000), inspection(), admit)).toBeInstanceOf(Walk);
    expect(asked).toEqual([]);
    const result = walk('logs', many(150_000), inspection(), admit) as Walk;
    expect(result.markCount).toBeGreaterThan(150_000);
    expect(asked).toHaveLength(1);
    expect(asked[0]).toBeGreaterThan(result.lease.byteLength);
    const refused = { ok: false, code: 'MEMORY_LIMIT', retryable: true, message: 'cannot take more data' } as const;
    expect(walk('logs', many(150_000), inspection(), () => refused)).toBe(refused);
    expect(walk('logs', many(10), inspection())).toBeInstanceOf(Walk);
  });

  test('any bytes give a walk or a refusal, never a throw', () => {
    fc.assert(
      fc.property(fc.constantFrom(...SIGNALS), fc.uint8Array({ maxLength: 300 }), (signal, bytes) => {
        const result = walk(signal, bytes, inspection());
        expect(result instanceof Walk || result.code === 'MALFORMED').toBe(true);
      }),
      { numRuns: 3000 },
    );
  });

  test.each(SIGNALS)('a %s request with some bytes overwritten: whatever is accepted, a strict reader accepts', (signal) => {
    fc.assert(
      fc.property(
        anyRequest(signal),
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 3 }),
        (tree, changes) => {
          const bytes = encode(signal, tree);
          if (bytes.length === 0) return;
          for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
          const result = walk(signal, bytes, inspection());
          if (!(result instanceof Walk)) return;
          let bad = false;
          for (let mark = 0; mark < result.markCount; mark++) if (result.flagsOf(mark) !== 0) bad = true;
          // What is marked is mended or cut later; the rest must be readable as it is.
          if (!bad) expect(countItems(signal, decode(signal, result.bytes))).toBe(result.items);
        },
      ),
      { numRuns: 500, endOnFailure: true },
    );
  });
});
