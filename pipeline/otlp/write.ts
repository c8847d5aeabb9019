import { LIMITS } from '../limits.ts';
import { varintLength, writeVarint } from './varint.kernel.ts';

/** A field of length type: tag, length, content. `field` below 16. */
export function sizedField(field: number, content: Uint8Array): Uint8Array {
  const header = 1 + varintLength(content.length);
  const out = new Uint8Array(header + content.length);
  out[0] = (field << 3) | 2;
  writeVarint(out, 1, content.length);
  out.set(content, header);
  return out;
}

/** AnyValue { string_value = 1 }. */
export function stringAnyValue(text: Uint8Array): Uint8Array {
  return sizedField(1, text);
}

/** Content of a KeyValue { key = 1, value = 2 }; a key may stand without a value. */
export function keyValue(key: Uint8Array, anyValue: Uint8Array | undefined): Uint8Array {
  const first = sizedField(1, key);
  if (anyValue === undefined) return first;
  const second = sizedField(2, anyValue);
  const out = new Uint8Array(first.length + second.length);
  out.set(first);
  out.set(second, first.length);
  return out;
}

const attributes = new Map<string, Uint8Array>();
/** The one asked for last: mostly it is asked for again, and then costs no text to look it up by. */
let last: { readonly key: string; readonly value: string; readonly field: Uint8Array } | undefined;

/** The attribute field of a Resource (field 1) that says `key` = `value`; kept, for it is put into every group. */
export function resourceAttribute(key: string, value: string): Uint8Array {
  if (last?.key === key && last.value === value) return last.field;
  const id = `${key}\n${value}`;
  let field = attributes.get(id);
  if (field === undefined) {
    field = sizedField(1, keyValue(Buffer.from(key), stringAnyValue(Buffer.from(value))));
    if (attributes.size >= LIMITS.scopes) attributes.clear();
    attributes.set(id, field);
  }
  last = { key, value, field };
  return field;
}

/** A Resource (field 1 of every Resource group) with just this attribute field. */
export function resourceOf(attribute: Uint8Array): Uint8Array {
  return sizedField(1, attribute);
}
