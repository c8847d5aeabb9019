import { describe, expect, it } from 'vitest';
import { STREAM_CLOSES } from '../../../server/stream/protocol.ts';

describe('close codes of the live stream', () => {
  it('are each one meaning, and one that a server may send (RFC 6455 7.4)', () => {
    const codes = Object.values(STREAM_CLOSES).map(({ code }) => code);
    expect(new Set(codes).size).toBe(codes.length);
    for (const code of codes)
      expect([1000, 1001, 1003, 1008, 1011, 1012, 1013].includes(code) || (code >= 4000 && code < 5000)).toBe(true);
  });

  it('fit, with what helps, into a close frame', () => {
    for (const { help } of Object.values(STREAM_CLOSES)) expect(Buffer.byteLength(help)).toBeLessThanOrEqual(123);
  });
});
