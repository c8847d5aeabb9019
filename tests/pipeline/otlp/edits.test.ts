import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Lease } from '../../../pipeline/batch/lease.ts';
import { Edits } from '../../../pipeline/otlp/edits.ts';
import { KIND, MARK_ATTRIBUTE, MARK_FRAME, MARK_POINT, MARK_STRIDE } from '../../../pipeline/otlp/marks.kernel.ts';
import { walk, Walk } from '../../../pipeline/otlp/walk.ts';
import { ROLE_ITEM, ROLE_RESOURCE } from '../../../pipeline/otlp/layout-cells.ts';
import { resourceAttribute } from '../../../pipeline/otlp/write.ts';
import { anyRequest, attribute, encode, gauge, point, request } from '../../support/build.ts';
import { decode, type Tree, wireField } from '../../support/reference/otlp.ts';

/** Every attribute is marked, for every key is asked for. */
const INSPECTION = { claimKeys: [Buffer.from('k')], attributes: undefined, mendsText: true };

function edits(tree: Tree): Edits {
  const walked = walk('metrics', encode('metrics', tree), INSPECTION);
  if (!(walked instanceof Walk)) throw new Error(walked.message);
  return new Edits(walked);
}

const kinds = (of: Edits): { mark: number; kind: number; role: number }[] =>
  Array.from({ length: of.walk.markCount }, (_, mark) => ({
    mark,
    kind: of.walk.marks[mark * MARK_STRIDE + KIND]!,
    role: of.walk.roleOf(mark),
  }));

const bytesOf = (of: Edits): Buffer => Buffer.concat(of.segments);
const points = (of: Edits): unknown => {
  const tree = decode('metrics', bytesOf(of)) as Record<string, never>;
  return JSON.parse(JSON.stringify(tree, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value)));
};

const tree = (values: readonly string[]): Tree =>
  request('metrics', [
    {
      resource: { r: '1' },
      items: [
        gauge(
          'g',
          values.map((k) => point({ k })),
        ),
      ],
    },
  ]);

test('nothing to do: the bytes that came in, the very same', () => {
  const none = edits(tree(['a', 'b']));
  expect(none.segments[0]).toBe(none.walk.bytes);
  expect(none.items).toBe(2);
});

test('written to a place in other memory: the same bytes as the segments, and nothing around them', () => {
  for (const touched of [false, true]) {
    const one = edits(tree(['a', 'b', 'c']));
    const attributes = kinds(one).filter(({ kind }) => kind === MARK_ATTRIBUTE);
    if (touched) one.cut(attributes[1]!.mark);
    const out = new Uint8Array(one.byteLength + 20).fill(0xee);
    expect(one.writeTo(out, 10)).toBe(10 + one.byteLength);
    expect([...new Set([...out.subarray(0, 10), ...out.subarray(10 + one.byteLength)])]).toEqual([0xee]);
    const written = Buffer.from(out.subarray(10, 10 + one.byteLength));
    expect(written.equals(bytesOf(one))).toBe(true);
    // Segments that are made already are copied.
    expect(one.writeTo(out, 0)).toBe(one.byteLength);
    expect(Buffer.from(out.subarray(0, one.byteLength)).equals(written)).toBe(true);
  }
});

test('replaced texts of any length: lengths around them fit, and byteLength says so before', () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(400), { minLength: 1, maxLength: 6 }),
      fc.array(fc.nat(20_000), { minLength: 6, maxLength: 6 }),
      (before, after) => {
        const changed = edits(tree(before.map((length) => 'x'.repeat(length))));
        const marks = kinds(changed).filter(({ kind }) => kind === MARK_ATTRIBUTE);
        marks.forEach(({ mark }, i) => {
          const value = wireField(2, 2, wireField(1, 2, Buffer.from('y'.repeat(after[i]!))));
          changed.replace(mark, wireField(7, 2, Buffer.concat([wireField(1, 2, Buffer.from('k')), value])));
        });
        const want = encode('metrics', tree(marks.map((_, i) => 'y'.repeat(after[i]!))));
        expect(changed.byteLength).toBe(want.length);
        expect(bytesOf(changed).equals(want)).toBe(true);
      },
    ),
    { numRuns: 100 },
  );
});

test('a cut item is gone, and counted', () => {
  const cut = edits(tree(['a', 'b', 'c']));
  const items = kinds(cut).filter(({ kind, role }) => kind === MARK_FRAME && role === ROLE_ITEM);
  cut.cut(items[1]!.mark);
  expect(cut.items).toBe(2);
  expect(cut.has(items[1]!.mark + 1)).toBe(false);
  expect(bytesOf(cut)).toEqual(Buffer.from(encode('metrics', tree(['a', 'c']))));
});

test('when all items are cut, so is all that named them', () => {
  const cut = edits(tree(['a', 'b']));
  for (const { mark, kind, role } of kinds(cut)) if (kind === MARK_FRAME && role === ROLE_ITEM) cut.cut(mark);
  cut.cutEmptied();
  expect(cut.items).toBe(0);
  expect(bytesOf(cut)).toHaveLength(0);
});

test('an attribute is put at the end of a Resource', () => {
  const put = edits(tree(['a']));
  const place = kinds(put).find(({ kind, role }) => kind === MARK_POINT && role === ROLE_RESOURCE)!;
  put.replace(place.mark, resourceAttribute('periscope.scope', 'A'));
  expect(points(put)).toMatchObject({
    resourceMetrics: [{ resource: { attributes: [attribute('r', '1'), attribute('periscope.scope', 'A')] } }],
  });
});

test('a copy has its own actions and may change after the first was written', () => {
  const first = edits(tree(['a', 'b']));
  const items = kinds(first).filter(({ kind, role }) => kind === MARK_FRAME && role === ROLE_ITEM);
  first.cut(items[0]!.mark);
  const second = first.copy();
  expect(first.items).toBe(1);
  second.cut(items[1]!.mark);
  expect([first.items, second.items]).toEqual([1, 0]);
  expect(bytesOf(first)).toEqual(Buffer.from(encode('metrics', tree(['b']))));
  expect(() => first.cut(items[1]!.mark)).toThrow('BUG');
});

test('what it copies, said as data, with what it puts in between, is the segment', () => {
  fc.assert(
    fc.property(anyRequest('metrics'), fc.array(fc.nat(1000), { minLength: 1, maxLength: 40 }), (any, choices) => {
      const walked = walk('metrics', encode('metrics', any), INSPECTION, undefined, {
        lease: new Lease(),
        matches: { tokens: new Int32Array(0), isHasty: false },
      });
      if (!(walked instanceof Walk)) throw new Error(walked.message);
      const changed = new Edits(walked);
      kinds(changed).forEach(({ mark, kind }, i) => {
        const choice = choices[i % choices.length]!;
        if (choice % 7 === 0) changed.cut(mark);
        else if (choice % 3 === 0 && kind !== MARK_FRAME) changed.replace(mark, Buffer.alloc(choice % 200, 'y'));
      });
      const segment = bytesOf(changed);
      const copies = changed.sources?.[0]?.copies() ?? new Int32Array(0);
      let [source, place] = [0, 0];
      for (let row = 0; row < copies.length; row += 3) {
        const [from, end, to] = copies.subarray(row, row + 3) as unknown as [number, number, number];
        expect(from >= source && end > from && to >= place).toBe(true);
        expect(segment.subarray(to, to + end - from).equals(walked.bytes.subarray(from, end))).toBe(true);
        [source, place] = [end, to + end - from];
      }
      expect(changed.sourceLength).toBe(walked.bytes.length);
      // Nothing that could have been copied is said to be put in: those are texts and lengths.
      const put = segment.length - copies.reduce((sum, value, i) => sum + (i % 3 === 1 ? value : i % 3 === 0 ? -value : 0), 0);
      expect(put).toBeLessThanOrEqual(changed.walk.markCount * 205);
    }),
    { numRuns: 200, endOnFailure: true },
  );
});

test('a request of which nobody kept how it was compressed is no source', () => {
  const one = edits(tree(['a']));
  expect(one.sources).toBeUndefined();
  expect(() => one.matches).toThrow('BUG');
});
