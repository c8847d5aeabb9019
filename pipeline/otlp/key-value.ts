import { FieldCursor } from './field-cursor.kernel.ts';

/** Places in a request: of a KeyValue's key, and of its AnyValue; both -1 when there is none. */
export interface KeyValuePlaces {
  readonly keyStart: number;
  readonly keyEnd: number;
  readonly valueStart: number;
  readonly valueEnd: number;
}

/** KeyValue { string key = 1; AnyValue value = 2 } in [start, end), which a walk has found valid. */
export function readKeyValue(bytes: Uint8Array, start: number, end: number): KeyValuePlaces {
  const places = { keyStart: start, keyEnd: start, valueStart: -1, valueEnd: -1 };
  const cursor = new FieldCursor(bytes, start, end);
  while (cursor.next()) {
    if (cursor.number === 1) {
      places.keyStart = cursor.valueStart;
      places.keyEnd = cursor.position;
    } else if (cursor.number === 2) {
      places.valueStart = cursor.valueStart;
      places.valueEnd = cursor.position;
    }
  }
  return places;
}

/** The text of an AnyValue that is a string, else undefined. Invalid UTF-8 becomes U+FFFD. */
export function stringValue(bytes: Uint8Array, start: number, end: number): string | undefined {
  let text: string | undefined;
  const cursor = new FieldCursor(bytes, start, end);
  while (cursor.next()) {
    if (cursor.number === 1) text = utf8(bytes, cursor.valueStart, cursor.position);
    else if (cursor.number <= 7) text = undefined;
  }
  return text;
}

export function utf8(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('utf8');
}
