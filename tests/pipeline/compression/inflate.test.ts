import { once } from 'node:events';
import { constants, crc32, createGzip, deflateRawSync, gunzipSync, gzipSync, inflateRawSync, inflateSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { OWN_MEMORY } from '../../../pipeline/compression/decompress.ts';
import { inflateBody } from '../../../pipeline/compression/inflate.ts';
import { LIMITS } from '../../../pipeline/limits.ts';
import { BitWriter } from '../../support/reference/deflate-writer.ts';
import { FORMATS, gzipMember, options, pack, texts } from '../../support/packed-texts.ts';

const MAX = 1 << 22;
const RUNS = { numRuns: 300, endOnFailure: true };
const formats = fc.constantFrom(...FORMATS);
type Format = (typeof FORMATS)[number];

/** The text, or the name of the fault. */
function read(format: Format, body: Uint8Array, maxBytes = MAX): Buffer | string {
  const result = inflateBody(format, body, maxBytes, true, OWN_MEMORY);
  return typeof result === 'string' ? result : Buffer.from(result.bytes);
}

/** Not `toEqual`, which takes a second for what `equals` does at once. */
const isText = (result: Buffer | string, text: Buffer): boolean => typeof result !== 'string' && result.equals(text);

/** node:zlib's verdict: the text, or undefined. What follows the end, which it overlooks, counts as a fault, as ours. */
function judged(format: Format, body: Uint8Array, maxBytes = MAX): Buffer | undefined {
  try {
    const run = format === 'gzip' ? gunzipSync : inflateSync;
    const settings = { maxOutputLength: maxBytes, info: true } as object;
    const { buffer, engine } = run(body, settings) as unknown as { buffer: Buffer; engine: { bytesWritten: number } };
    return engine.bytesWritten === body.length ? buffer : undefined;
  } catch {
    return undefined;
  }
}

function agree(format: Format, body: Uint8Array, maxBytes = MAX): void {
  const mine = read(format, body, maxBytes);
  const zlibs = judged(format, body, maxBytes);
  if (zlibs === undefined) expect(typeof mine).toBe('string');
  else expect(typeof mine === 'string' ? mine : mine.equals(zlibs)).toBe(true);
}

describe('node:zlib is the judge', () => {
  test('whatever it writes is read: every level, strategy, window and memory level', () => {
    fc.assert(
      fc.property(formats, texts, options, (format, text, settings) => {
        expect(isText(read(format, pack(format, text, settings)), text)).toBe(true);
      }),
      RUNS,
    );
  });

  test('a stream whose bytes were changed, cut or repeated has the same verdict and, if it is good, the same text', () => {
    const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 3 });
    fc.assert(
      fc.property(formats, texts, options, changes, fc.nat(), fc.nat(3), (format, text, settings, changed, cut, kind) => {
        const good = pack(format, text, settings);
        const body = Buffer.from(good);
        for (const [at, byte] of changed) body[at % body.length] = byte;
        if (kind === 0) agree(format, body.subarray(0, cut % (body.length + 1)));
        else if (kind === 1) agree(format, Buffer.concat([body.subarray(0, cut % body.length), body]));
        else if (kind === 2) agree(format, Buffer.concat([good, body]));
        else agree(format, body);
      }),
      { ...RUNS, numRuns: 1500 },
    );
  });

  test('random bits behind a good header have the same verdict', () => {
    const kinds = fc.nat(7);
    fc.assert(
      fc.property(formats, kinds, fc.uint8Array({ maxLength: 80 }), (format, kind, noise) => {
        const raw = noise.length === 0 ? noise : Uint8Array.of((noise[0]! & 0xf8) | kind, ...noise.subarray(1));
        const head = format === 'gzip' ? [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3] : [0x78, 0x9c];
        agree(format, Buffer.from([...head, ...raw]));
      }),
      { ...RUNS, numRuns: 3000 },
    );
  });

  test('code lengths of any kind: the sets that zlib refuses are refused, the others are read as it reads them', () => {
    let accepted = 0;
    const changes = fc.option(fc.tuple(fc.nat(), fc.nat(15)), { freq: 2 });
    const noise = fc.uint8Array({ minLength: 20, maxLength: 200 });
    fc.assert(
      fc.property(codes(257, 286), codes(1, 30), changes, noise, (literals, distances, change, bits) => {
        const lengths = [...literals, ...distances];
        if (change !== null) lengths[change[0] % lengths.length] = change[1];
        const raw = dynamicBlock(lengths, literals.length, bits);
        const good = judgedRaw(raw);
        if (good === undefined) return agree('gzip', gzipMember(raw, Buffer.alloc(0)));
        accepted += 1;
        const body = gzipMember(raw.subarray(0, good.end), good.text);
        expect(isText(read('gzip', body), good.text)).toBe(true);
      }),
      { ...RUNS, numRuns: 3000 },
    );
    expect(accepted).toBeGreaterThan(100);
  });

  test('a limit on what may come out: the same texts pass', () => {
    fc.assert(
      fc.property(formats, texts, fc.nat(3), (format, text, more) => {
        const maxBytes = Math.max(1, text.length - 1 + (more % 3));
        const result = read(format, pack(format, text), maxBytes);
        expect(typeof result === 'string' ? result : result.length).toBe(text.length > maxBytes ? 'too_large' : text.length);
      }),
      RUNS,
    );
  });
});

/** Code lengths of `least` to `most` symbols that make a complete set: a tree is split at random, its leaves are dealt. */
function codes(least: number, most: number): fc.Arbitrary<number[]> {
  return fc
    .tuple(fc.integer({ min: least, max: most }), fc.array(fc.nat(), { maxLength: least === 1 ? 20 : 250 }), fc.nat())
    .map(([count, splits, deal]) => {
      const leaves = [0];
      for (const split of splits) {
        const at = split % leaves.length;
        if (leaves[at]! < 15 && leaves.length < count) leaves.push(++leaves[at]!);
      }
      const lengths = [...leaves, ...Array.from({ length: count - leaves.length }, () => 0)];
      const turn = deal % count;
      const dealt = [...lengths.slice(turn), ...lengths.slice(0, turn)];
      // The end of the block needs a code.
      if (least > 1 && dealt[256] === 0) [dealt[256], dealt[dealt.indexOf(leaves[0]!)]] = [leaves[0]!, 0];
      return dealt;
    });
}

/** A last block with these code lengths, then noise for symbols. */
function dynamicBlock(lengths: readonly number[], literals: number, noise: Uint8Array): Buffer {
  const writer = new BitWriter().number(1, 1).number(2, 2);
  writer.number(literals - 257, 5).number(lengths.length - literals - 1, 5);
  writer.number(19 - 4, 4);
  // Every length from 0 to 15 by itself, in four bits, and no way to say runs.
  for (const symbol of [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]) writer.number(symbol < 16 ? 4 : 0, 3);
  for (const length of lengths) writer.code(length, 4);
  for (const byte of noise) writer.number(byte, 8);
  return writer.bytes();
}

/** Text and length of a raw stream, by zlib; undefined when it refuses it. */
function judgedRaw(raw: Buffer): { text: Buffer; end: number } | undefined {
  try {
    const settings = { info: true } as object;
    const { buffer, engine } = inflateRawSync(raw, settings) as unknown as { buffer: Buffer; engine: { bytesWritten: number } };
    return { text: buffer, end: engine.bytesWritten };
  } catch {
    return undefined;
  }
}

describe('blocks with codes of their own', () => {
  /** The smallest one there is, of no text: its codes cost as much to make ready as those of a large one. With `fixed` one
   *  with fixed codes behind it, which are to be made again. */
  function emptyBlocks(count: number, fixed = false): Buffer {
    const writer = new BitWriter();
    for (let n = 0; n < count; n++) {
      writer
        .number(0, 1)
        .number(2, 2)
        .number(0, 5)
        .number(0, 5)
        .number(18 - 4, 4);
      for (const symbol of [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1])
        writer.number(symbol === 18 ? 1 : symbol < 2 ? 2 : 0, 3);
      // 256 zeros, one bit for the end of the block, one for a distance; and the end.
      writer.code(0, 1).number(127, 7).code(0, 1).number(107, 7).code(3, 2).code(3, 2).code(0, 1);
      if (fixed) writer.number(0, 1).number(1, 2).code(0, 7);
    }
    return gzipMember(Buffer.concat([writer.number(0, 3).bytes(), Buffer.from([0, 0, 255, 255, 1, 0, 0, 255, 255])]), NOTHING);
  }
  const NOTHING = Buffer.alloc(0);

  test('as many as its length can need are read, and one more is refused, for each costs time', () => {
    const bits = (emptyBlocks(800).length - emptyBlocks(0).length) / 100;
    const allowed = (blocks: number): number =>
      LIMITS.deflateTables + Math.floor((emptyBlocks(0).length + (blocks * bits) / 8) / LIMITS.deflateTableBytes);
    let most = LIMITS.deflateTables;
    while (allowed(most + 1) >= most + 1) most += 1;
    expect(judged('gzip', emptyBlocks(most + 1))).toHaveLength(0);
    expect(read('gzip', emptyBlocks(most))).toHaveLength(0);
    expect(read('gzip', emptyBlocks(most + 1))).toBe('tables');
  });

  test('fixed codes that have to be made again each time count as well', () => {
    expect(read('gzip', emptyBlocks(LIMITS.deflateTables / 2, true))).toHaveLength(0);
    expect(read('gzip', emptyBlocks(LIMITS.deflateTables, true))).toBe('tables');
  });

  test('the next body has all of them again', () => {
    expect(read('gzip', emptyBlocks(LIMITS.deflateTables * 2))).toBe('tables');
    expect(read('gzip', emptyBlocks(LIMITS.deflateTables))).toHaveLength(0);
  });

  test('a sender that flushes after every record is far from it', async () => {
    for (const flush of [constants.Z_SYNC_FLUSH, constants.Z_PARTIAL_FLUSH]) {
      for (const recordBytes of [30, 300]) {
        const zip = createGzip({ flush });
        const parts: Buffer[] = [];
        zip.on('data', (part: Buffer) => parts.push(part));
        const count = LIMITS.deflateTables * 2;
        let text = '';
        for (let n = 0; n < count; n++) {
          const record = `${(n * 2654435761) % 4294967296} `.repeat(40).slice(0, recordBytes);
          text += record;
          if (!zip.write(record)) await once(zip, 'drain');
        }
        zip.end();
        await once(zip, 'end');
        const result = inflateBody('gzip', Buffer.concat(parts), 1 << 26, true, OWN_MEMORY);
        expect(typeof result === 'string' ? result : Buffer.from(result.bytes).equals(Buffer.from(text))).toBe(true);
      }
    }
  });
});

describe('gzip members', () => {
  test('one after another are one text, and matches of one never reach into the one before', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(texts, options), { minLength: 1, maxLength: 4 }), (members) => {
        const body = Buffer.concat(members.map(([text, settings]) => gzipSync(text, settings)));
        expect(isText(read('gzip', body), Buffer.concat(members.map(([text]) => text)))).toBe(true);
      }),
      { ...RUNS, numRuns: 60 },
    );
    const text = Buffer.from('0123456789'.repeat(20));
    // The same bits, once where they are the whole window and once where the window holds what they mean.
    const raw = deflateRawSync(text.subarray(10), { dictionary: text.subarray(0, 10) });
    expect(read('gzip', Buffer.concat([gzipSync(text.subarray(0, 10)), gzipMember(raw, text.subarray(10))]))).toBe('damaged');
  });

  test('more of them than a sender ever writes are refused, for each costs time', () => {
    const empty = gzipSync('');
    const members = (count: number): Buffer => Buffer.alloc(count * empty.length, empty);
    expect(read('gzip', members(LIMITS.gzipMembers))).toHaveLength(0);
    expect(read('gzip', members(LIMITS.gzipMembers + 1))).toBe('members');
  });

  test('fixed codes are read right after a block with codes of its own', () => {
    const text = Buffer.from('fixed or dynamic, fixed or dynamic; '.repeat(9));
    const fixed = gzipSync(text, { strategy: constants.Z_FIXED });
    const all = [fixed, gzipSync(text), fixed, fixed, gzipSync(text), fixed];
    expect(isText(read('gzip', Buffer.concat(all)), Buffer.concat(all.map(() => text)))).toBe(true);
  });

  test('name, comment, extra field and the check of the header are stepped over, and a wrong check is a fault', () => {
    const good = gzipSync('telemetry');
    const head = Buffer.from([0x1f, 0x8b, 8, 2 | 4 | 8 | 16, 0, 0, 0, 0, 0, 3, 3, 0, 1, 0, 2]);
    const named = Buffer.concat([head, Buffer.from('name\0a comment\0')]);
    const check = Buffer.alloc(2);
    check.writeUInt16LE(crc32(named) & 0xffff);
    expect(read('gzip', Buffer.concat([named, check, good.subarray(10)]))).toEqual(Buffer.from('telemetry'));
    check[0] = check[0]! ^ 1;
    expect(read('gzip', Buffer.concat([named, check, good.subarray(10)]))).toBe('checksum');
    for (let end = 0; end < named.length; end++) expect(typeof read('gzip', named.subarray(0, end))).toBe('string');
    expect(read('gzip', Buffer.concat([Buffer.from([0x1f, 0x8b, 8, 0x20]), good.subarray(4)]))).toBe('header');
  });
});
