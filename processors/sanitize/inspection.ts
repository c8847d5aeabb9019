import type { AttributeInspection } from '../../pipeline/otlp/inspection.ts';
import type { Config } from './config.ts';

/** A table of 256 entries, 1 where `allowed` says so. */
function byteTable(allowed: (byte: number) => boolean): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, byte) => (allowed(byte) ? 1 : 0));
}

const isKeyByte = (byte: number): boolean => byte < 0x80 && /[\w.-]/.test(String.fromCharCode(byte));
const isTextByte = (byte: number): boolean => byte >= 0x20;
const isLineByte = (byte: number): boolean => byte >= 0x20 || byte === 9 || byte === 10 || byte === 13;

/** What the walk has to mark so that this configuration sees all it may have to change; never less, sometimes more. */
export function inspectionOf(config: Config): AttributeInspection {
  const bodies = config.exempt.bodies
    ? { bodyBytes: byteTable(isLineByte), bodyBytesMax: config.exempt.body_length }
    : config.mode === 'clean'
      ? { bodyBytes: byteTable(isTextByte), bodyBytesMax: config.clean.value_length }
      : { bodyBytes: byteTable(bytesOf(config.reject.value_pattern)), bodyBytesMax: config.reject.value_length };
  if (config.mode === 'clean') {
    return {
      keyBytes: byteTable(isKeyByte),
      valueBytes: byteTable(isTextByte),
      keyBytesMax: Number.MAX_SAFE_INTEGER,
      valueBytesMax: Math.min(config.clean.value_length, config.exempt.value_length),
      ...bodies,
      nested: config.clean.nested === 'stringify',
      countMax: Number.MAX_SAFE_INTEGER,
      scalars: false,
    };
  }
  return {
    keyBytes: byteTable(isKeyByte),
    valueBytes: byteTable(bytesOf(config.reject.value_pattern)),
    keyBytesMax: config.reject.key_length,
    valueBytesMax: Math.min(config.reject.value_length, config.exempt.value_length),
    ...bodies,
    nested: false,
    countMax: config.reject.attributes,
    scalars: true,
  };
}

/** A pattern that is one class repeated can be asked byte by byte; any other has to see every value. */
function bytesOf(pattern: string): (byte: number) => boolean {
  const oneClass = /^\^\[(?:[^\]\\]|\\.)*\]\*\$$/u.test(pattern);
  if (!oneClass) return () => false;
  const whole = new RegExp(pattern, 'u');
  return (byte) => byte < 0x80 && whole.test(String.fromCharCode(byte));
}
