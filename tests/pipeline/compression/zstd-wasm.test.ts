import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { expect, test } from 'vitest';
import { WasmZstd, type ZstdFactory } from '../../../pipeline/compression/zstd-wasm.ts';

const require = createRequire(import.meta.url);
const factory = require('@foxglove/wasm-zstd/dist/wasm-zstd.js') as ZstdFactory;
const binary = readFileSync(require.resolve('@foxglove/wasm-zstd/dist/wasm-zstd.wasm'));
const engineOf = (heapBytesMax: number): WasmZstd => new WasmZstd(factory, binary, heapBytesMax);

test('is ready at once, and a heap that grew past its limit is given up after the call', () => {
  const engine = engineOf(4 << 20);
  expect(engine.heapBytes).toBe(0);
  expect(engine.decompress(engine.compress([Buffer.from('a'), Buffer.from('b')], 3), 2)).toEqual(Buffer.from('ab'));
  expect(engine.heapBytes).toBeGreaterThan(0);
  engine.compress([Buffer.alloc(8 << 20)], 1);
  expect(engine.heapBytes).toBe(0);
  expect(engine.decompress(engine.compress([Buffer.from('still works')], 3), 100)?.toString()).toBe('still works');
});

test('content larger than its room and damaged frames are no content', () => {
  const engine = engineOf(16 << 20);
  const frame = engine.compress([Buffer.alloc(1000, 'ab')], 3);
  expect(engine.decompress(frame, 999)).toBeUndefined();
  expect(engine.decompress(frame.subarray(0, -1), 1000)).toBeUndefined();
  expect(engine.decompress(new Uint8Array(), 10)?.length ?? 0).toBe(0);
});

const cli = ((): boolean => {
  try {
    return execFileSync('zstd', ['--version']).length > 0;
  } catch {
    return false;
  }
})();

test.skipIf(!cli)('the zstd program reads what we write and we read what it writes (needs zstd)', () => {
  const engine = engineOf(16 << 20);
  const text = Buffer.from(Array.from({ length: 20_000 }, (_, i) => `line ${i * 7919}`).join('\n'));
  expect(execFileSync('zstd', ['-dc'], { input: engine.compress([text], 3) }).equals(text)).toBe(true);
  for (const level of ['-1', '-19', '--fast=5']) {
    const frame = execFileSync('zstd', [level, '-c'], { input: text });
    expect((engine.decompress(frame, text.length) as Buffer).equals(text)).toBe(true);
  }
});
