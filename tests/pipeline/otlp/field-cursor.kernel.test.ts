import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FieldCursor } from '../../../pipeline/otlp/field-cursor.kernel.ts';
import { wireFields } from '../../support/reference/otlp.ts';

type Seen = [number: number, wireType: number, raw: string][];
function steps(bytes: Uint8Array): Seen | 'fault' {
  const seen: Seen = [];
  const cursor = new FieldCursor(bytes, 0, bytes.length);
  while (cursor.next()) {
    seen.push([cursor.number, cursor.wireType, Buffer.from(bytes.subarray(cursor.start, cursor.position)).toString('hex')]);
  }
  return cursor.fault === '' ? seen : 'fault';
}
function reference(bytes: Uint8Array): Seen | 'fault' {
  try {
    return wireFields(bytes).map(({ number, wireType, raw }) => [number, wireType, raw.toString('hex')]);
  } catch {
    return 'fault';
  }
}

describe('the field cursor', () => {
  it('steps and faults as the naive reader does, on any bytes', () => {
    const byte = fc.oneof(fc.nat(255), fc.constantFrom(0x08, 0x0a, 0x12, 0x19, 0x25, 0x80, 0xff, 0x00, 0x01));
    fc.assert(
      fc.property(fc.array(byte, { maxLength: 40 }), (values) => {
        const bytes = Uint8Array.from(values);
        expect(steps(bytes)).toEqual(reference(bytes));
      }),
      { numRuns: 5000 },
    );
  });

  it.each([
    ['8a000161', [[1, 2, '8a000161']]],
    ['0a810061', [[1, 2, '0a810061']]],
    ['f8ffffff0f01', [[0x1fff_ffff, 0, 'f8ffffff0f01']]],
    ['0b', 'fault'],
    ['0e', 'fault'],
    ['00', 'fault'],
    ['0aff', 'fault'],
    ['0affffffffffffffffff01', 'fault'],
    ['08ffffffffffffffffffff01', 'fault'],
    ['8080808010', 'fault'],
  ] as [string, Seen | 'fault'][])('reads %s as %j', (hex, expected) => {
    expect(steps(Buffer.from(hex, 'hex'))).toEqual(expected);
  });

  it('does not look past its end', () => {
    const bytes = Buffer.from('0a0361626300', 'hex');
    const cursor = new FieldCursor(bytes, 0, 4);
    expect(cursor.next()).toBe(false);
    expect(cursor.fault).toMatch(/past the end/);
    expect(cursor.next()).toBe(false);
  });
});
