import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import * as zlib from 'node:zlib';
import { LIMITS } from '../limits.ts';
import { WasmZstd, type ZstdFactory } from './zstd-wasm.ts';

/** One frame at a time, synchronous. docs/decisions/0002-zstd.md says why there are two of them. */
export interface ZstdEngine {
  readonly name: 'node' | 'wasm';
  /** One frame of at most `contentBytesMax` bytes; undefined when it is damaged or larger. */
  decompress(frame: Uint8Array, contentBytesMax: number): Uint8Array | undefined;
  /** All segments as one frame. */
  compress(segments: readonly Uint8Array[], level: number): Uint8Array;
}

interface NodeZstd {
  zstdDecompressSync(frame: Uint8Array, options: { maxOutputLength: number; chunkSize: number }): Buffer;
  zstdCompressSync(
    data: Uint8Array,
    options: { params: Record<number, number>; chunkSize: number; pledgedSrcSize: number },
  ): Buffer;
  readonly constants: { readonly ZSTD_c_compressionLevel: number };
}

let engine: ZstdEngine | undefined;

/** Made on first use: nobody who sends no zstd pays for it. About 10 ms once where it is WASM. */
export function zstdEngine(): ZstdEngine {
  engine ??= 'zstdDecompressSync' in zlib ? nodeEngine(zlib as unknown as NodeZstd) : wasmEngine();
  return engine;
}

export function nodeEngine(native: NodeZstd): ZstdEngine {
  return {
    name: 'node',
    decompress(frame, contentBytesMax) {
      try {
        const chunkSize = Math.min(Math.max(contentBytesMax + 1, 64), LIMITS.inflateChunkBytes);
        return native.zstdDecompressSync(frame, { maxOutputLength: Math.max(contentBytesMax, 1), chunkSize });
      } catch {
        return undefined;
      }
    },
    compress(segments, level) {
      const data = segments.length === 1 && segments[0] !== undefined ? segments[0] : Buffer.concat(segments);
      const chunkSize = Math.min(Math.max(data.length, 1024), LIMITS.inflateChunkBytes);
      return native.zstdCompressSync(data, {
        params: { [native.constants.ZSTD_c_compressionLevel]: level },
        chunkSize,
        pledgedSrcSize: data.length,
      });
    },
  };
}

export function wasmEngine(): ZstdEngine {
  const require = createRequire(import.meta.url);
  const factory = require('@foxglove/wasm-zstd/dist/wasm-zstd.js') as ZstdFactory;
  const binary = readFileSync(require.resolve('@foxglove/wasm-zstd/dist/wasm-zstd.wasm'));
  return new WasmZstd(factory, binary, LIMITS.zstdHeapBytes);
}
