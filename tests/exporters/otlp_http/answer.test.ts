import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { judge, retryAfterMs, type Answer } from '../../../exporters/otlp_http/answer.ts';
import { LIMITS } from '../../../pipeline/limits.ts';

const NOW = Date.parse('2026-11-21T10:00:00Z');
const answer = (status: number, rest: Partial<Answer> = {}): Answer => ({
  status,
  contentType: '',
  retryAfter: '',
  location: '',
  body: new Uint8Array(),
  ...rest,
});
const json = (value: unknown): Partial<Answer> => ({
  contentType: 'application/json; charset=utf-8',
  body: Buffer.from(JSON.stringify(value)),
});
const protobuf = (hex: string): Partial<Answer> => ({
  contentType: 'application/x-protobuf',
  body: Buffer.from(hex.replaceAll(' ', ''), 'hex'),
});
const outcomeOf = (given: Answer, items = 100) => judge(given, items, 'http://sink/v1/metrics', NOW).outcome;

describe('retryable answers', () => {
  test.each([
    [429, 'RATE_LIMITED'],
    [502, 'UNAVAILABLE'],
    [503, 'UNAVAILABLE'],
    [504, 'DEADLINE_EXCEEDED'],
  ])('%i may be tried again as %s', (status, code) => {
    expect(outcomeOf(answer(status))).toMatchObject({ ok: false, retryable: true, code });
  });

  test('Retry-After is kept for 429 and 503 and for nothing else', () => {
    for (const status of [429, 503]) expect(outcomeOf(answer(status, { retryAfter: '7' }))).toHaveProperty('retryAfterMs', 7000);
    for (const status of [502, 504, 400])
      expect(outcomeOf(answer(status, { retryAfter: '7' }))).not.toHaveProperty('retryAfterMs');
  });

  test('Retry-After is seconds or a date, and nothing else', () => {
    expect(retryAfterMs('0', NOW)).toBe(0);
    expect(retryAfterMs(' 12 ', NOW)).toBe(12_000);
    expect(retryAfterMs('Sat, 21 Nov 2026 10:00:30 GMT', NOW)).toBe(30_000);
    expect(retryAfterMs('Sat, 21 Nov 2026 09:00:00 GMT', NOW)).toBe(0);
    expect(retryAfterMs('soon', NOW)).toBeUndefined();
    expect(retryAfterMs('', NOW)).toBeUndefined();
  });

  test('an absurd Retry-After is believed up to a limit that a timer can hold', () => {
    expect(retryAfterMs('99999999999999', NOW)).toBe(LIMITS.retryAfterMaxMs);
    expect(LIMITS.retryAfterMaxMs).toBeLessThan(2 ** 31);
  });
});

describe('final answers', () => {
  test.each([400, 404, 405, 413, 415, 422, 500, 501])('%i refuses the batch for good', (status) => {
    expect(outcomeOf(answer(status))).toMatchObject({ ok: false, retryable: false, code: 'DESTINATION_REFUSED' });
  });

  test.each([401, 403])('%i names our credentials', (status) => {
    expect(outcomeOf(answer(status))).toMatchObject({ ok: false, retryable: false, code: 'DESTINATION_AUTH' });
  });

  test.each([301, 302, 307, 308])('%i is not followed and says where it leads', (status) => {
    const outcome = outcomeOf(answer(status, { location: 'https://other/v1/metrics' }));
    expect(outcome).toMatchObject({
      ok: false,
      retryable: false,
      message: expect.stringContaining('redirects to https://other/v1/metrics'),
    });
  });
});

describe('messages', () => {
  test('carry the Status of the destination, in JSON and in protobuf', () => {
    const expected = 'cannot send to http://sink/v1/metrics: HTTP 400: bad metric';
    expect(outcomeOf(answer(400, json({ code: 3, message: 'bad metric' })))).toHaveProperty('message', expected);
    expect(outcomeOf(answer(400, protobuf('08 03 12 0a 626164206d6574726963')))).toHaveProperty('message', expected);
  });

  test('take a text body as it is, and leave HTML and unknown types out', () => {
    expect(outcomeOf(answer(502, { contentType: 'text/plain', body: Buffer.from('upstream\ngone') }))).toHaveProperty(
      'message',
      expect.stringMatching(/upstream gone$/),
    );
    expect(outcomeOf(answer(502, { contentType: 'application/octet-stream', body: Buffer.from('x') }))).toHaveProperty(
      'message',
      expect.stringMatching(/HTTP 502$/),
    );
  });

  test('are one line without control characters, and cut', () => {
    const outcome = outcomeOf(answer(400, json({ message: `\u001b[31mred\r\n${'x'.repeat(5000)}` }))) as { message: string };
    expect([...outcome.message].every((character) => character >= ' ')).toBe(true);
    expect(outcome.message.length).toBeLessThanOrEqual(LIMITS.messageChars + 60);
  });
});

describe('partial success', () => {
  test.each([
    ['JSON, number as string', json({ partialSuccess: { rejectedDataPoints: '3', errorMessage: 'too old' } })],
    ['JSON, spans as number', json({ partialSuccess: { rejectedSpans: 3, errorMessage: 'too old' } })],
    ['JSON, log records', json({ partialSuccess: { rejectedLogRecords: '3', errorMessage: 'too old' } })],
    ['protobuf', protobuf('0a 0b 08 03 12 07 746f6f206f6c64')],
  ])('is read from %s', (_name, body) => {
    expect(outcomeOf(answer(200, body))).toEqual({
      ok: true,
      rejected: [{ reason: 'partial_success', items: 3, message: 'too old' }],
    });
  });

  test('never counts more than was sent', () => {
    expect(outcomeOf(answer(200, json({ partialSuccess: { rejectedSpans: '500' } })), 20)).toMatchObject({
      rejected: [{ items: 20 }],
    });
  });

  test('a message without a count is a warning, not a rejection', () => {
    expect(judge(answer(200, json({ partialSuccess: { errorMessage: 'deprecated' } })), 1, 't', NOW)).toEqual({
      outcome: { ok: true },
      warning: 'deprecated',
    });
  });

  test.each([
    ['nothing', {}],
    ['an empty object', json({})],
    ['an empty partial success', json({ partialSuccess: {} })],
    ['the empty message the collector sends', protobuf('0a 00')],
    ['a negative count', protobuf('0a 0b 08 ffffffffffffffffff01')],
    ['no JSON', { contentType: 'application/json', body: Buffer.from('{"partial') }],
    ['a page', { contentType: 'text/html', body: Buffer.from('<html>') }],
  ])('%s is plain success', (_name, body) => {
    expect(outcomeOf(answer(200, body))).toEqual({ ok: true });
  });
});

test('any bytes in any answer give a verdict', () => {
  const types = fc.constantFrom('application/json', 'application/x-protobuf', 'text/plain', '');
  fc.assert(
    fc.property(
      fc.integer({ min: 100, max: 599 }),
      types,
      fc.uint8Array({ maxLength: 60 }),
      fc.string(),
      (status, contentType, body, retryAfter) => {
        const { outcome } = judge(answer(status, { contentType, body, retryAfter }), 10, 't', NOW);
        expect(outcome.ok).toBe(status >= 200 && status < 300);
      },
    ),
    { numRuns: 500 },
  );
});
