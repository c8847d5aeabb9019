import { describe, expect, it } from 'vitest';
import { queryOf, rowsOf } from '../../../agent/embed/query.ts';
import { QueryError } from '../../../agent/embed/contract.ts';
import { LIMITS } from '../../../pipeline/limits.ts';

describe('a query of the application', () => {
  it('has the bounds of the API', () => {
    expect(queryOf('select 1', undefined, {})).toMatchObject({
      format: 'ndjson',
      timeoutMs: LIMITS.sqlTimeoutMs,
      maxRows: LIMITS.sqlRows,
      maxBytes: LIMITS.sqlBytes,
    });
    expect(queryOf('select ?', [1, 'a', null, true], { maxRows: 5, timeoutMs: 10 })).toMatchObject({ maxRows: 5, timeoutMs: 10 });
  });

  it.each([
    [() => queryOf(7 as unknown as string, [], {}), /sql is no text/],
    [() => queryOf(' '.repeat(LIMITS.sqlChars + 1), [], {}), /characters/],
    [() => queryOf('', [], { maxRows: 0 }), /maxRows is no number from 1 to 100000/],
    [() => queryOf('', [], { timeoutMs: 5001 }), /timeoutMs is no number/],
    [() => queryOf('', [{}] as never, {}), /a parameter is null, a boolean, a number or a string, not object/],
    [() => queryOf('', { a: undefined }, {}), /not undefined/],
    [() => queryOf('', [], { signal: {} as AbortSignal }), /signal is no AbortSignal/],
    [() => queryOf('', [], { scope: Symbol('a') as unknown as string }), /scope is no text/],
  ])('that is none is refused in words', (make, words) => {
    expect(make).toThrow(words);
    expect(make).toThrow(QueryError);
  });

  it('is answered by rows, or throws its fault', () => {
    const body = Buffer.from('{"a":1}\n{"a":"x\\n"}\n');
    expect(rowsOf({ ok: true, columns: [{ name: 'a', type: 'JSON' }], rows: 2, body, elapsedMs: 1 })).toEqual({
      columns: [{ name: 'a', type: 'JSON' }],
      rows: [{ a: 1 }, { a: 'x\n' }],
      truncated: undefined,
      elapsedMs: 1,
    });
    const fault = { ok: false, code: 'ANALYTICS_BUSY', message: 'cannot ask: busy', retryAfterMs: 5 } as const;
    expect(() => rowsOf(fault)).toThrow(expect.objectContaining({ code: 'ANALYTICS_BUSY', retryAfterMs: 5 }));
  });
});
