import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { DeflateMachine, deflateMachine } from '../../../pipeline/compression/deflate-machine.ts';
import { LIMITS } from '../../../pipeline/limits.ts';

const text = (length: number): Buffer => Buffer.alloc(length, 'telemetry, some of it again; ');
const whole = (segment: Buffer) => ({
  matches: { tokens: new Int32Array(0), isHasty: false },
  sourceLength: segment.length,
  copies: () => Int32Array.of(0, segment.length, 0),
});

test('there is one, made when it is first asked for', () => {
  expect(deflateMachine()).toBe(deflateMachine());
});

test('what a large body or segment made of its memory is given up with it, and it goes on', () => {
  const machine = new DeflateMachine();
  const idle = machine.memoryBytes;
  expect(idle).toBeLessThanOrEqual(LIMITS.deflateMemoryBytes);
  const large = text(3 * LIMITS.deflateMemoryBytes);
  const raw = deflateRawSync(large);
  machine.load(raw, large.length, true);
  expect(machine.inflate(0, 'crc32')).toMatchObject({ ok: true, byteLength: large.length, end: raw.length });
  expect(machine.memoryBytes).toBeGreaterThan(large.length);
  machine.settle();
  expect(machine.memoryBytes).toBe(idle);

  const segment = text(LIMITS.deflateMemoryBytes);
  machine.beginStream();
  const parts = [Buffer.from(machine.recode(segment, whole(segment)))];
  expect(machine.memoryBytes).toBeGreaterThan(LIMITS.deflateMemoryBytes);
  parts.push(Buffer.from(machine.endStream()));
  expect(inflateRawSync(Buffer.concat(parts)).equals(segment)).toBe(true);
  machine.settle();
  expect(machine.memoryBytes).toBe(idle);
});

test('a bomb is stopped at the limit, and takes no more memory than that', () => {
  const machine = new DeflateMachine();
  const raw = deflateRawSync(Buffer.alloc(64 << 20));
  machine.load(raw, 1 << 20, true);
  expect(machine.inflate(0, 'crc32')).toBe('too_large');
  expect(machine.memoryBytes).toBeLessThan(4 << 20);
});

test('a stream is checked by the sum that its wrapper uses', () => {
  const machine = new DeflateMachine();
  machine.load(deflateRawSync('Wikipedia'), 100, false);
  expect(machine.inflate(0, 'adler32')).toMatchObject({ check: 0x11e60398 });
  expect(machine.tokens()).toBeUndefined();
  machine.load(deflateRawSync('123456789'), 100, false);
  expect(machine.inflate(0, 'crc32')).toMatchObject({ check: 0xcbf43926 });
});

test('a stream that is made whole is followed by blocks of another maker', () => {
  const machine = new DeflateMachine();
  const first = text(500);
  machine.beginStream();
  const parts = [machine.alignStream().slice(), machine.recode(first, whole(first)).slice()];
  parts.push(machine.alignStream().slice(), deflateRawSync('the end'));
  expect(parts[0]).toHaveLength(0);
  expect(inflateRawSync(Buffer.concat(parts)).toString()).toBe(`${first.toString()}the end`);
});
