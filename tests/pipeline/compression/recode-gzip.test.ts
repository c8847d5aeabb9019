import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { OWN_MEMORY } from '../../../pipeline/compression/decompress.ts';
import { inflateBody } from '../../../pipeline/compression/inflate.ts';
import type { SegmentSource } from '../../../pipeline/compression/matches.ts';
import { isRecoded, recodeGzip, reusesMatches } from '../../../pipeline/compression/recode-gzip.ts';
import { LIMITS } from '../../../pipeline/limits.ts';
import { deflateOf, type DeflateToken } from '../../support/reference/deflate-writer.ts';
import { FORMATS, gzipMember, options, pack, texts } from '../../support/packed-texts.ts';

const RUNS = { numRuns: 400, endOnFailure: true };

/** A part of the request that is left out, and what is put in its place. */
interface Change {
  readonly at: number;
  readonly cut: number;
  readonly put: Uint8Array;
}
const puts = fc.oneof(
  fc.constantFrom(Buffer.from('\n$periscope.scope: ENTERPRISE'), Buffer.alloc(700, 'long text '), Buffer.alloc(0)),
  fc.uint8Array({ maxLength: 12 }),
);
const changes = fc.array(fc.record({ at: fc.nat(20_000), cut: fc.oneof(fc.constant(0), fc.nat(9), fc.nat(3000)), put: puts }), {
  maxLength: 60,
  size: 'max',
});

/** The matches of a body, as the receiver keeps them; also those of a body that shrank too little to be worth it. */
function matchesOf(body: Uint8Array): { bytes: Uint8Array; tokens: Int32Array } {
  const words: Int32Array[] = [];
  const padded = Buffer.concat([body, pack('gzip', Buffer.alloc(body.length * 8))]);
  const read = inflateBody('gzip', padded, 1 << 26, true, {
    ...OWN_MEMORY,
    words(count) {
      words.push(new Int32Array(count));
      return words[0]!;
    },
  });
  if (typeof read === 'string') throw new Error(read);
  return { bytes: read.bytes, tokens: words[0] ?? new Int32Array(0) };
}

/** The naive way to a changed text: piece by piece. */
function edited(bytes: Uint8Array, all: readonly Change[]): { segment: Buffer; copies: number[] } {
  const parts: Uint8Array[] = [];
  const copies: number[] = [];
  let from = 0;
  let to = 0;
  const copy = (end: number): void => {
    if (end === from) return;
    copies.push(from, end, to);
    parts.push(bytes.subarray(from, end));
    to += end - from;
  };
  for (const { at, cut, put } of [...all].sort((a, b) => a.at - b.at)) {
    const place = bytes.length === 0 ? 0 : Math.max(from, at % (bytes.length + 1));
    if (place < from) continue;
    copy(place);
    from = Math.min(bytes.length, place + cut);
    parts.push(put);
    to += put.length;
  }
  copy(bytes.length);
  return { segment: Buffer.concat(parts), copies };
}

function sourceOf(tokens: Int32Array, sourceLength: number, copies: readonly number[], isHasty = false): SegmentSource {
  return { matches: { tokens, isHasty }, sourceLength, copies: () => Int32Array.from(copies) };
}

describe('what is written with the matches of the sender', () => {
  test('is, to zlib, the changed text, whatever was put in, cut out or replaced, and one member', () => {
    let withMatches = 0;
    fc.assert(
      fc.property(texts, options, changes, (text, settings, all) => {
        const { bytes, tokens } = matchesOf(pack('gzip', text, settings));
        const { segment, copies } = edited(bytes, all);
        const packed = recodeGzip([segment], [sourceOf(tokens, bytes.length, copies)], 1);
        expect(gunzipSync(packed).equals(segment)).toBe(true);
        if (tokens.length > 20) withMatches += 1;
      }),
      RUNS,
    );
    expect(withMatches).toBeGreaterThan(RUNS.numRuns / 3);
  });

  test('stands in one member with segments nobody knows the matches of, in any order', () => {
    const segments = fc.array(fc.tuple(texts, options, changes, fc.boolean()), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(segments, fc.integer({ min: 1, max: 6 }), (all, level) => {
        const made = all.map(([text, settings, some, isKnown]) => {
          const { bytes, tokens } = matchesOf(pack('gzip', text, settings));
          const { segment, copies } = edited(bytes, some);
          return { segment, source: isKnown ? sourceOf(tokens, bytes.length, copies) : undefined };
        });
        const whole = Buffer.concat(made.map(({ segment }) => segment));
        const packed = recodeGzip(
          made.map(({ segment }) => segment),
          made.map(({ source }) => source),
          level,
        );
        expect(gunzipSync(packed).equals(whole)).toBe(true);
        // zlib would also take several members: what we read ourselves says that there is one.
        expect(gunzipSync(Buffer.concat([packed, packed])).length).toBe(2 * whole.length);
      }),
      { ...RUNS, numRuns: 100 },
    );
  });

  test('is right for any matches a hostile sender thinks of: of 258 bytes, of the farthest place, of themselves', () => {
    const token = fc.oneof(
      { weight: 3, arbitrary: fc.nat(255) },
      fc.tuple(fc.constantFrom(3, 4, 257, 258, 100), fc.constantFrom(1, 2, 3, 15, 16, 300, 4000, 32_500, 32_767, 32_768)),
    );
    fc.assert(
      fc.property(
        fc.array(token, { minLength: 1, maxLength: 600, size: 'max' }),
        fc.nat(40_000),
        changes,
        (wanted, lead, all) => {
          const tokens: DeflateToken[] = [];
          const text: number[] = [];
          for (let i = 0; i < lead; i += 1000) wanted.push([258, 32_768]);
          for (const one of wanted) {
            if (typeof one === 'number') {
              tokens.push(one);
              text.push(one);
              continue;
            }
            const [length, far] = one;
            const distance = Math.min(far, text.length);
            if (distance === 0) continue;
            tokens.push({ length, distance });
            for (let i = 0; i < length; i++) text.push(text[text.length - distance]!);
          }
          const whole = Uint8Array.from(text);
          const { bytes, tokens: found } = matchesOf(gzipMember(deflateOf(tokens), whole));
          const { segment, copies } = edited(bytes, all);
          expect(gunzipSync(recodeGzip([segment], [sourceOf(found, bytes.length, copies)], 1)).equals(segment)).toBe(true);
        },
      ),
      { ...RUNS, numRuns: 200 },
    );
  });

  test('takes many blocks where there are more matches than one holds', () => {
    const text = Buffer.concat(Array.from({ length: 200_000 }, (_, i) => Buffer.from(`${(i * 7919) % 1009},${i % 89};`)));
    const { bytes, tokens } = matchesOf(pack('gzip', text));
    expect(tokens.length).toBeGreaterThan(100_000);
    const { segment, copies } = edited(bytes, [{ at: 70_000, cut: 100, put: Buffer.from('put in') }]);
    expect(gunzipSync(recodeGzip([segment], [sourceOf(tokens, bytes.length, copies)], 1)).equals(segment)).toBe(true);
  });

  test('is about as small as what the sender sent', () => {
    const lines = Array.from(
      { length: 4000 },
      (_, i) => `{"name":"metric.${i % 50}","host":"h${i % 200}","value":${(i * 7919) % 99991}}\n`,
    );
    const sent = pack('gzip', Buffer.from(lines.join('')));
    const read = inflateBody('gzip', sent, 1 << 24, true, OWN_MEMORY);
    if (typeof read === 'string' || read.matches === undefined) throw new Error('its matches are not kept');
    const { bytes, matches } = read;
    const all = lines.flatMap((_, i) =>
      i % 10 === 0 ? [{ at: lines.slice(0, i).join('').length, cut: 0, put: Buffer.from('"scope":"ENTERPRISE"') }] : [],
    );
    const { segment, copies } = edited(bytes, all);
    const packed = recodeGzip([segment], [sourceOf(matches.tokens, bytes.length, copies)], 6);
    expect(packed.length / sent.length).toBeLessThan(1.2);
  });

  test('holds nothing of what was cut out, and no match leads out of its segment', () => {
    const secret = Buffer.from('the secret of another tenant');
    const text = Buffer.concat([
      Buffer.from('a first line, '),
      secret,
      Buffer.from(', '),
      secret,
      Buffer.from(' and the rest, and the rest'),
    ]);
    const { bytes, tokens } = matchesOf(pack('gzip', text));
    const first = bytes.indexOf(secret[0]!);
    const all: Change[] = [];
    for (let at = text.indexOf(secret); at >= 0; at = text.indexOf(secret, at + 1))
      all.push({ at, cut: secret.length, put: Buffer.alloc(0) });
    const { segment, copies } = edited(bytes, all);
    expect(first).toBeGreaterThan(0);
    const source = sourceOf(tokens, bytes.length, copies);
    const alone = recodeGzip([segment], [source], 1);
    expect(gunzipSync(alone).includes(secret)).toBe(false);
    // Cut off everything before the second segment: it is still read, so that nothing in it points back.
    const both = recodeGzip([segment, segment], [source, source], 1);
    expect(gunzipSync(both)).toEqual(Buffer.concat([segment, segment]));
    expect(both.length).toBeGreaterThan(alone.length + (alone.length - 20) / 2);
  });
});

describe('what is compressed anew', () => {
  const segment = Buffer.alloc(1000, 'text');
  const source = sourceOf(new Int32Array(0), 1000, [0, 1000, 0]);
  const hasty = sourceOf(new Int32Array(0), 1000, [0, 1000, 0], true);

  test('is everything above level 6, what nobody knows the matches of, and what a hasty sender compressed for level 1', () => {
    expect([1, 2, 6].map((level) => isRecoded([segment], [source], level))).toEqual([true, true, true]);
    expect([7, 9].map((level) => isRecoded([segment], [source], level))).toEqual([false, false]);
    expect([1, 2].map((level) => isRecoded([segment], [hasty], level))).toEqual([true, false]);
    expect(isRecoded([segment], [undefined], 1)).toBe(false);
    expect(isRecoded([segment, segment], [undefined, source], 1)).toBe(true);
  });

  test('is a segment, or one of a request, that is too large to be looked at as a whole', () => {
    const large = LIMITS.recodedSegmentBytes + 1;
    expect(isRecoded([segment], [sourceOf(new Int32Array(0), large, [0, 1000, 0])], 1)).toBe(false);
    expect(isRecoded([Buffer.alloc(large)], [source], 1)).toBe(false);
  });
});

test('an exporter can use matches for gzip up to level 6, unless its config says never', () => {
  const auto = 'auto' as const;
  expect([undefined, 1, 6, 7].map((level) => reusesMatches('gzip', { level, reuse: auto }))).toEqual([true, true, true, false]);
  expect(reusesMatches('gzip', { level: 1, reuse: 'never' })).toBe(false);
  expect([reusesMatches('zstd', { reuse: auto }), reusesMatches('none', { reuse: auto })]).toEqual([false, false]);
});

describe('matches are kept', () => {
  const body = Buffer.from('some telemetry, some telemetry; '.repeat(50));
  const kept = (format: (typeof FORMATS)[number], packed: Uint8Array, wanted = true) => {
    const read = inflateBody(format, packed, 1 << 20, wanted, OWN_MEMORY);
    if (typeof read === 'string') throw new Error(read);
    return read.matches;
  };

  test('only where somebody wants them, and where the sender had found some', () => {
    expect(kept('gzip', pack('gzip', body))?.tokens.length).toBeGreaterThan(0);
    expect(kept('gzip', pack('gzip', body), false)).toBeUndefined();
    expect(kept('gzip', pack('gzip', body, { level: 0 }))).toBeUndefined();
    // A bomb has more matches than bytes: it is read, and nothing is kept.
    expect(kept('gzip', pack('gzip', Buffer.alloc(1 << 20)))).toBeUndefined();
  });

  test('with the word whether the sender was in haste, as its header says', () => {
    for (const format of FORMATS) {
      expect(kept(format, pack(format, body, { level: 1 }))).toMatchObject({ isHasty: true });
      expect(kept(format, pack(format, body, { level: 6 }))).toMatchObject({ isHasty: false });
    }
  });
});
