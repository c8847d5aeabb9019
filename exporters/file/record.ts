import type { ScopedBatch } from '../../pipeline/batch/scoped-batch.ts';
import { compress } from '../../pipeline/compression/compress.ts';
import type { Compression } from '../../pipeline/compression/levels.ts';
import { protobufToJsonBytes } from '../../pipeline/otlp/protobuf-to-json.ts';

export interface RecordFormat {
  readonly format: 'json' | 'proto';
  readonly compression: Compression;
  readonly level?: number | undefined;
}

const NEWLINE = Buffer.from('\n');

/** Whether the file holds lines; else records behind a length of 4 bytes, big endian. */
export function isLines(format: RecordFormat): boolean {
  return format.format === 'json' && format.compression === 'none';
}

/** A batch as it is appended: one line, or one record. */
export function recordOf(batch: ScopedBatch, format: RecordFormat): readonly Uint8Array[] {
  const plain = format.format === 'json' ? [protobufToJsonBytes(batch.signal, batch.segments)] : batch.segments;
  if (isLines(format)) return [...plain, NEWLINE];
  const body = compress(format.compression, plain, format.level);
  let byteLength = 0;
  for (const segment of body) byteLength += segment.length;
  const length = Buffer.allocUnsafe(4);
  length.writeUInt32BE(byteLength);
  return [length, ...body];
}
