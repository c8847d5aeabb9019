import { GrowingBuffer } from '../../../pipeline/otlp/growing-buffer.ts';
import type { ExemplarRecord } from '../metrics/contract.ts';
import { BYTES, EXEMPLAR_FIELDS, FIXED64 } from './fields.ts';
import { momentOf } from './point-image.ts';

const out = new GrowingBuffer();
const NOTHING = new Uint8Array(0);

/** Exemplars as the repeated field `field` of a point, with keys. */
export function encodeExemplars(field: number, exemplars: readonly ExemplarRecord[] | undefined, integers: boolean): Uint8Array {
  if (exemplars === undefined || exemplars.length === 0) return NOTHING;
  out.clear();
  for (const { value, timeNs, traceId, spanId, filteredAttributes } of exemplars) {
    out.key(field, BYTES);
    const mark = out.open(1);
    const { high, low } = momentOf(timeNs);
    out.key(EXEMPLAR_FIELDS.time, FIXED64);
    out.fixed64(high, low);
    out.key(integers ? EXEMPLAR_FIELDS.asInt : EXEMPLAR_FIELDS.asDouble, FIXED64);
    if (integers) out.fixed64(Math.floor(Math.trunc(value) / 2 ** 32) >>> 0, Math.trunc(value) >>> 0);
    else out.double(value);
    writeId(EXEMPLAR_FIELDS.spanId, spanId);
    writeId(EXEMPLAR_FIELDS.traceId, traceId);
    out.copy(filteredAttributes, 0, filteredAttributes.length);
    out.close(mark, 1);
  }
  return out.take();
}

function writeId(field: number, hex: string): void {
  if (hex === '') return;
  const bytes = Buffer.from(hex, 'hex');
  out.key(field, BYTES);
  out.varint(bytes.length);
  out.copy(bytes, 0, bytes.length);
}
