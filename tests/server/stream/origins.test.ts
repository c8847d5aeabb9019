import { describe, expect, it } from 'vitest';
import { isAllowedOrigin } from '../../../server/stream/origins.ts';

const rules = { endpoint: 'localhost:3004', isTls: false, allowed: ['https://friend.example'] };
const allowed = (origin: string, host: string, more = {}): boolean => isAllowedOrigin(origin, host, { ...rules, ...more });

describe('a page may open the stream', () => {
  it('when it is our own, by whatever address it was opened', () => {
    for (const host of ['localhost:3004', '127.0.0.1:3004', '[::1]:3004', '192.168.1.7:3004'])
      expect(allowed(`http://${host}`, host)).toBe(true);
    expect(allowed('https://watch.example:3004', 'watch.example:3004', { endpoint: 'watch.example:3004', isTls: true })).toBe(
      true,
    );
  });

  it('when its origin is listed, exactly', () => {
    expect(allowed('https://friend.example', 'localhost:3004')).toBe(true);
    for (const origin of [
      'https://friend.example:444',
      'http://friend.example',
      'https://a.friend.example',
      'https://friend.example/',
    ])
      expect(allowed(origin, 'localhost:3004')).toBe(false);
  });

  it('and not from a file, a sandbox, another port or scheme, or a name that is not ours', () => {
    expect(allowed('null', 'localhost:3004', { allowed: ['null'] })).toBe(false);
    expect(allowed('http://localhost:3005', 'localhost:3004')).toBe(false);
    expect(allowed('https://localhost:3004', 'localhost:3004')).toBe(false);
    expect(allowed('http://evil.example:3004', 'evil.example:3004')).toBe(false);
    expect(allowed('http://evil.example:3004', 'evil.example:3004', { endpoint: ':3004' })).toBe(false);
  });
});
