import { Receipt } from '../../pipeline/batch/receipt.ts';
import { bindContent, type ScopedBatch } from '../../pipeline/batch/scoped-batch.ts';
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
