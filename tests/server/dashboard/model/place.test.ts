import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addressOf, addressText, parseAddress } from '../../../../server/dashboard/model/address.ts';
import { curlLine, sdkSettings } from '../../../../server/dashboard/model/samples.ts';
import { parseRange, rangeText, stepSeconds, stretchOf } from '../../../../server/dashboard/model/time-range.ts';
import { PAGE_PATHS } from '../../../../server/routes/page-paths.ts';

describe('an address', () => {
  it('is read back as it was written, whatever its values', () => {
    const query = fc.dictionary(fc.stringMatching(/^[a-z]{1,8}$/), fc.string({ minLength: 1, unit: 'grapheme' }));
    fc.assert(
      fc.property(fc.constantFrom(...PAGE_PATHS), query, (path, values) => {
        const [read, search = ''] = addressText({ path, query: values }).split(/\?(.*)/s);
        expect(parseAddress(read ?? '', search)).toEqual({ path, query: { ...values } });
      }),
      { endOnFailure: true },
    );
  });

  it('is the same for the same view, without what is empty', () => {
    expect(addressText({ path: '/logs', query: { q: 'x y', a: '', scope: 'A' } })).toBe('/logs?q=x+y&scope=A');
    expect(addressText({ path: '/logs', query: { scope: 'A', q: 'x y' } })).toBe('/logs?q=x+y&scope=A');
  });

  it('of another page keeps scope and time, and nothing else', () => {
    const from = { path: '/logs', query: { scope: 'A', range: '5m', q: 'x' } } as const;
    expect(addressOf('/traces', from, { trace: 'ab' })).toEqual({
      path: '/traces',
      query: { scope: 'A', range: '5m', trace: 'ab' },
    });
  });

  it('that is no page is none', () => expect(parseAddress('/etc/passwd', '')).toBeUndefined());
});

describe('a range', () => {
  it('is read back as it was written', () => {
    for (const text of ['5m', '15m', '1h', '90s', '1795258800000-1795258860000', '-498-502', '-2000--1000']) {
      const range = parseRange(text);
      expect(range === undefined ? '' : rangeText(range)).toBe(text);
    }
  });

  it.each([
    '',
    '0s',
    'x',
    '5-5',
    '9-2',
    '-5',
    '5m5m',
    '99999999s',
    '1e3-2e3',
    '1-9999999999999',
    '999999999999998-999999999999999',
  ])('%o is none', (text) => expect(parseRange(text)).toBeUndefined());

  it('moves with the time, or stands', () => {
    expect(stretchOf({ kind: 'last', ms: 1000 }, 5000)).toEqual({ fromMs: 4000, toMs: 5000 });
    expect(stretchOf({ kind: 'fixed', fromMs: 1, toMs: 2 }, 5000)).toEqual({ fromMs: 1, toMs: 2 });
  });

  it('has steps a person can name, and never more than asked for', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e9 }), fc.integer({ min: 2, max: 500 }), (ms, most) => {
        const step = stepSeconds({ fromMs: 0, toMs: ms }, most);
        expect(Math.ceil(ms / 1000 / step)).toBeLessThanOrEqual(most);
        expect(step).toBeGreaterThanOrEqual(1);
      }),
      { endOnFailure: true },
    );
    expect(stepSeconds({ fromMs: 0, toMs: 900_000 }, 90)).toBe(10);
  });
});

describe('what there is to copy', () => {
  it.each(['metrics', 'traces', 'logs'] as const)('is a curl line for %s whose body is OTLP JSON', (signal) => {
    const [, url, body] =
      /^curl -sS (\S+) -H 'content-type: application\/json' -d '(.*)'$/.exec(curlLine(signal, 'localhost', 1_795_258_800_000)) ??
      [];
    expect(url).toBe(`http://localhost:4318/v1/${signal}`);
    expect(JSON.parse(body ?? '')).toBeInstanceOf(Object);
    expect(body).toContain('1795258800000000000');
  });

  it('is the settings of an SDK', () => {
    expect(sdkSettings('example.com')).toContain('OTEL_EXPORTER_OTLP_ENDPOINT=http://example.com:4318');
  });
});
