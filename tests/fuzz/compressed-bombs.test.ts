import { constants, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Lease } from '../../pipeline/batch/lease.ts';
import { compress } from '../../pipeline/compression/compress.ts';
import { unpack } from '../../pipeline/compression/decompress.ts';
import { deflateMachine } from '../../pipeline/compression/deflate-machine.ts';
import { LIMITS } from '../../pipeline/limits.ts';
import { encode, numbered } from '../support/build.ts';

/** Bodies that grow to the largest that is taken, and beyond. A property stops at its time; longer in CI; SEED replays. */
const MIB = 1024 * 1024;
const MOST = LIMITS.requestBodyBytes;
const SEED = Number(process.env['SEED'] ?? Date.now() % 1_000_000_000);
const LIMIT = {
  numRuns: 40,
  interruptAfterTimeLimit: process.env['CI'] === 'true' ? 8000 : 3000,
  seed: SEED,
  endOnFailure: true,
};

const telemetry = encode('logs', numbered('logs', 2000));
const FILLINGS: Readonly<Record<string, Uint8Array>> = {
  zeros: Buffer.alloc(MIB),
  'one line': Buffer.alloc(MIB, 'a line of a log that says nothing new, '),
  telemetry: Buffer.alloc(MIB, telemetry),
};

/** So many bytes of a filling, from its beginning on and over again. */
function filled(filling: string, length: number): Buffer {
  const one = FILLINGS[filling] as Uint8Array;
  const out = Buffer.allocUnsafeSlow(length);
  for (let at = 0; at < length; at += one.length) out.set(one.subarray(0, Math.min(one.length, length - at)), at);
  return out;
}

/** As gzip members of about the same length. */
function gzipMembers(bytes: Buffer, members: number): Buffer {
  const each = Math.ceil(bytes.length / members);
  return Buffer.concat(
    Array.from({ length: members }, (_, n) => gzipSync(bytes.subarray(n * each, (n + 1) * each), { level: 1 })),
  );
}

const repeated = (bytes: Buffer, times: number): Buffer => Buffer.concat(Array.from({ length: times }, () => bytes));

const PACKERS: Readonly<Record<string, (bytes: Buffer, members: number) => Buffer>> = {
  gzip: gzipMembers,
  deflate: (bytes) => deflateSync(bytes, { level: 1 }),
  zstd: (bytes) => Buffer.concat(compress('zstd', [bytes])),
};

/** Around the limit, by a byte or by a block of the compressor; the largest length that a body may have is MOST. */
const distance = fc.oneof(
  fc.constantFrom(-1, 0, 1),
  fc.integer({ min: -70_000, max: 70_000 }),
  fc.integer({ min: 1, max: 32 * MIB }),
);
const body = fc.record({
  encoding: fc.constantFrom('gzip', 'gzip', 'deflate', 'zstd'),
  filling: fc.constantFrom(...Object.keys(FILLINGS)),
  distance,
  members: fc.constantFrom(1, 1, 2, 64),
  keepsMatches: fc.boolean(),
});

/** The most that this process has ever had in memory. */
const peakBytes = (): number => process.resourceUsage().maxRSS * 1024;

describe(`bodies that grow to ${MOST / MIB} MiB and beyond (SEED=${SEED})`, () => {
  // First, for the peak is of the process: whole bodies of the others are made beside what is tested.
  it('a bomb takes no more memory than the largest body that is taken', { timeout: 120_000 }, () => {
    const zeros = FILLINGS['zeros'] as Uint8Array;
    const member = gzipSync(zeros);
    const taken = repeated(member, MOST / MIB);
    // Nobody gets as far as its end.
    const stream = repeated(deflateRawSync(zeros, { finishFlush: constants.Z_FULL_FLUSH }), 16 * (MOST / MIB));
    const bombs = [repeated(member, 16 * (MOST / MIB)), Buffer.concat([member.subarray(0, 10), stream])];
    const through = (packed: Buffer): number | string => {
      const lease = new Lease();
      const result = unpack('gzip', packed, MOST, true, lease);
      lease.release(true);
      return 'code' in result ? result.code : result.bytes.length;
    };
    for (let time = 0; time < 4; time++) expect(through(taken)).toBe(MOST);
    const before = peakBytes();
    for (let time = 0; time < 8; time++) for (const bomb of bombs) expect(through(bomb)).toBe('BODY_TOO_LARGE');
    expect(peakBytes() - before).toBeLessThan(MOST);
  });

  it('one of the limit comes out whole, one byte more does not, however it is made', { timeout: 120_000 }, () => {
    fc.assert(
      fc.property(body, ({ encoding, filling, distance: over, members, keepsMatches }) => {
        const plain = filled(filling, MOST + over);
        const packed = PACKERS[encoding]!(plain, members);
        const lease = new Lease();
        const result = unpack(encoding, packed, MOST, keepsMatches, lease);
        expect(deflateMachine().memoryBytes).toBeLessThanOrEqual(LIMITS.deflateMemoryBytes);
        if (over > 0) expect(result).toMatchObject({ ok: false, code: 'BODY_TOO_LARGE' });
        else if (!('bytes' in result)) expect.fail(result.message);
        else expect(plain.equals(result.bytes)).toBe(true);
        lease.release(true);
      }),
      LIMIT,
    );
  });

  it('one at the edge that is damaged or cut is refused, and leaves nothing behind', { timeout: 120_000 }, () => {
    const whole = filled('telemetry', MOST);
    const bodies = Object.entries(PACKERS).map(([encoding, pack]) => [encoding, pack(whole, 3)] as const);
    fc.assert(
      fc.property(
        fc.constantFrom(...bodies),
        fc.nat(),
        fc.boolean(),
        fc.integer({ min: 1, max: 255 }),
        (of, place, cuts, bits) => {
          const [encoding, packed] = of;
          const at = place % packed.length;
          const broken = cuts ? packed.subarray(0, at) : Buffer.from(packed);
          if (!cuts) broken[at] = broken[at]! ^ bits;
          const lease = new Lease();
          const result = unpack(encoding, broken, MOST, true, lease);
          // A byte of a gzip header says nothing of the content, and zstd may be written without a checksum.
          if ('bytes' in result) expect(cuts).toBe(false);
          else {
            expect(['BAD_ENCODING', 'BODY_TOO_LARGE']).toContain(result.code);
            expect(lease.byteLength).toBe(0);
          }
          if ('bytes' in result && encoding !== 'zstd') expect(whole.equals(result.bytes)).toBe(true);
          expect(deflateMachine().memoryBytes).toBeLessThanOrEqual(LIMITS.deflateMemoryBytes);
          lease.release(true);
        },
      ),
      LIMIT,
    );
  });
});
