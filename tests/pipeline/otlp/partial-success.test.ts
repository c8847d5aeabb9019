import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readPartialSuccess } from '../../../pipeline/otlp/partial-success.ts';

const hex = (text: string): Uint8Array => Buffer.from(text.replaceAll(' ', ''), 'hex');

describe('partial success', () => {
  test.each([
    ['', 0, ''],
    ['0a 00', 0, ''],
    ['0a 02 08 03', 3, ''],
    ['0a 08 08 80 01 12 03 61 62 63', 128, 'abc'],
    ['0a 0b 08 ff ff ff ff ff ff ff ff ff 01', 0, ''], // -1
    ['10 01 0a 04 08 01 10 05', 1, ''], // fields of other types beside
    ['0a 05 12 02 68', 0, ''], // cut off
  ])('%s', (bytes, rejected, message) => {
    expect(readPartialSuccess(hex(bytes))).toEqual({ rejected, message });
  });

  test('never throws and never counts below zero, whatever a destination sends', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        expect(readPartialSuccess(bytes).rejected).toBeGreaterThanOrEqual(0);
      }),
      { endOnFailure: true },
    );
  });
});
