import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expose, formatFor, type Family } from '../../../server/metrics/exposition.ts';
import { parsePrometheusText } from '../../support/prometheus-text.ts';

const family = (parts: Partial<Family>): Family => ({
  name: 'a',
  help: 'h',
  type: 'counter',
  samples: [{ labels: {}, value: 1 }],
  ...parts,
});

describe('text for Prometheus', () => {
  it('whatever a label holds, a strict reader reads it back', () => {
    const text = fc.string({ unit: 'binary' });
    fc.assert(
      fc.property(text, fc.double({ noNaN: true, noDefaultInfinity: false }), (label, value) => {
        const written = expose(
          [family({ help: `a\nb\\c ${label.slice(0, 3)}x`, samples: [{ labels: { label }, value }] })],
          'text',
        );
        const [read] = parsePrometheusText(written);
        expect(read).toEqual({ name: 'a_total', labels: { label }, value: value === 0 ? expect.closeTo(0) : value });
      }),
      { endOnFailure: true },
    );
  });

  it('a counter ends in _total unless it is bare; a metric without series is left out', () => {
    expect(
      expose([family({ bare: true }), family({ name: 'b', samples: [] }), family({ name: 'c', type: 'gauge' })], 'text'),
    ).toBe('# HELP a h\n# TYPE a counter\na 1\n# HELP c h\n# TYPE c gauge\nc 1\n');
  });

  it('in OpenMetrics the metric is named without _total, and there is an end', () => {
    expect(expose([family({})], 'openmetrics')).toBe('# HELP a h\n# TYPE a counter\na_total 1\n# EOF\n');
  });

  it.each([
    ['', 'text'],
    ['*/*', 'text'],
    ['application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1', 'openmetrics'],
    ['application/openmetrics-text;version=1.0.0;q=0.3,text/plain;version=0.0.4;q=0.5', 'text'],
    ['application/openmetrics-text;version=0.0.1,text/plain;q=0.5', 'text'],
    ['application/openmetrics-text', 'openmetrics'],
    ['application/openmetrics-text;q=0', 'text'],
  ] as const)('asked with Accept: %s, it answers %s', (accept, format) => {
    expect(formatFor(accept)).toBe(format);
  });
});
