import { gzipSync } from 'node:zlib';
import { Receipt } from '../../pipeline/batch/receipt.ts';
import { bindContent, type ScopedBatch } from '../../pipeline/batch/scoped-batch.ts';
import { OWN_MEMORY, unpack } from '../../pipeline/compression/decompress.ts';
import { jsonToProtobuf } from '../../pipeline/otlp/json-to-protobuf.ts';
import type { Signal } from '../../pipeline/signal.ts';

/** A bound batch of the given bytes, as a graph hands it to an exporter. */
export function scopedBatch(signal: Signal, segments: readonly Uint8Array[], items: number, scope = 'TEST'): ScopedBatch {
  const byteLength = segments.reduce((sum, segment) => sum + segment.length, 0);
  return bindContent(scope, signal, { items, byteLength, segments }, new Receipt());
}

/** The same from an OTLP/JSON request written as an object. */
export function scopedBatchOf(signal: Signal, request: object, items: number, scope = 'TEST'): ScopedBatch {
  return scopedBatch(signal, [protobufOf(signal, request)], items, scope);
}

export function protobufOf(signal: Signal, request: object): Uint8Array {
  const bytes = jsonToProtobuf(signal, Buffer.from(JSON.stringify(request)));
  if ('ok' in bytes) throw new Error(bytes.message);
  return bytes;
}

/** A bound batch of one request that came as gzip of this level, unchanged, with what its compressor found. */
export function packedBatch(signal: Signal, bytes: Uint8Array, items: number, level = 9): ScopedBatch {
  const unpacked = unpack('gzip', gzipSync(bytes, { level }), bytes.length, true, OWN_MEMORY);
  if (!('bytes' in unpacked) || unpacked.matches === undefined) throw new Error('its matches are not kept');
  const copies = Int32Array.of(0, bytes.length, 0);
  const source = { matches: unpacked.matches, sourceLength: bytes.length, copies: () => copies };
  const content = { items, byteLength: bytes.length, segments: [unpacked.bytes], sources: [source] };
  return bindContent('TEST', signal, content, new Receipt());
}
