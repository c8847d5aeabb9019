import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { BodySource } from './body-source.ts';
import type { Workload } from './workload.ts';

/** What SDKs and agents send when told to compress. */
export const GZIP_LEVEL = 6;

/**
 * Compressing a body costs the sender more than many a receiver needs to take it, so the first bodies of a workload are
 * compressed ahead, once, into a file that every system's sender reads. Each is still a different body, sent once; past
 * the last of them the sender compresses as it goes.
 */
export function writePool(workload: Workload, path: string, bodies: number): void {
  const source = new BodySource(workload);
  const plain = Buffer.alloc(source.maxBytes);
  const view = new DataView(plain.buffer, plain.byteOffset, plain.length);
  const file = openSync(path, 'w');
  try {
    const length = Buffer.alloc(4);
    for (let number = 0; number < bodies; number++) {
      const packed = gzipSync(plain.subarray(0, source.write(number, plain, view, 0)), { level: GZIP_LEVEL });
      length.writeUInt32LE(packed.length);
      writeSync(file, length);
      writeSync(file, packed);
    }
  } finally {
    closeSync(file);
  }
}

/** Compressed bodies by number, from body 0 on. */
export function readPool(path: string): readonly Buffer[] {
  const bytes = readFileSync(path);
  const bodies: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = bytes.readUInt32LE(at);
    bodies.push(bytes.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return bodies;
}
