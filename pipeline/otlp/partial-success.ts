import { FieldCursor } from './field-cursor.kernel.ts';

/** What a destination says beside its success: an Export…ServiceResponse, whose field numbers are those of all signals. */
export interface PartialSuccess {
  /** Never negative; 0 where the number makes no sense. */
  readonly rejected: number;
  readonly message: string;
}

const WIRE_VARINT = 0;
const WIRE_BYTES = 2;

/** Of a protobuf body. Never throws; what cannot be read counts as nothing said. */
export function readPartialSuccess(body: Uint8Array): PartialSuccess {
  const response = new FieldCursor(body, 0, body.length);
  let rejected = 0;
  let message = '';
  while (response.next()) {
    if (response.number !== 1 || response.wireType !== WIRE_BYTES) continue;
    const partial = new FieldCursor(body, response.valueStart, response.position);
    while (partial.next()) {
      if (partial.number === 1 && partial.wireType === WIRE_VARINT) rejected = varint(body, partial.valueStart, partial.position);
      if (partial.number === 2 && partial.wireType === WIRE_BYTES)
        message = Buffer.from(
          body.buffer,
          body.byteOffset + partial.valueStart,
          partial.position - partial.valueStart,
        ).toString();
    }
  }
  return { rejected: Number.isSafeInteger(rejected) ? rejected : 0, message };
}

/** Negative and huge counts come out as no safe integer. */
function varint(bytes: Uint8Array, start: number, end: number): number {
  let value = 0;
  for (let at = end - 1; at >= start; at -= 1) value = value * 128 + ((bytes[at] ?? 0) & 0x7f);
  return value;
}
