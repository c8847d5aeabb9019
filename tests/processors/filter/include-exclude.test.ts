import { describe, expect, test } from 'vitest';
import { formatFault } from '../../../config/fault.ts';
import { loadConfig } from '../../../config/load.ts';
import type { Signal } from '../../../pipeline/signal.ts';
import { create } from '../../../processors/filter/filter.ts';
import { filter } from '../../../processors/filter/index.ts';
import { encode, gauge, logRecord, point, request, span } from '../../support/build.ts';
import { quietContext } from '../../support/contexts.ts';
import { itemsOf } from '../../support/items.ts';
import { boundBatch, processed } from '../../support/processing.ts';
import type { Tree } from '../../support/reference/otlp.ts';

/** What otelcol does with the same is compared in tests/system/interop-processors.test.ts. */
function left(options: object, signal: Signal, groups: readonly { resource: object; items: readonly Tree[] }[]): number {
  const bytes = encode(signal, request(signal, groups as never));
  const { tree } = processed(create(filter.config.parse(options), quietContext()), boundBatch(signal, bytes)!);
  return tree === undefined ? 0 : itemsOf(signal, tree).length;
}
const of = (items: readonly Tree[], resource = {}) => [{ resource, items }];

describe('include and exclude', () => {
  test('include keeps what matches all of it, exclude drops what does, include first', () => {
    const spans = of([span({ a: 1n }, { name: 'x' }), span({ a: 1n }, { name: 'y' }), span({}, { name: 'x' })]);
    const match = { match_type: 'strict', span_names: ['x'], attributes: [{ key: 'a' }] };
    expect(left({ spans: { include: match } }, 'traces', spans)).toBe(1);
    expect(left({ spans: { exclude: match } }, 'traces', spans)).toBe(2);
    const both = { include: { match_type: 'strict', span_names: ['x'] }, exclude: match };
    expect(left({ spans: both }, 'traces', spans)).toBe(1);
    expect(left({ spans: { include: match } }, 'logs', of([logRecord({})]))).toBe(1);
  });

  test('an exclude of metric names and resource attributes drops what has either; an include keeps what has both', () => {
    const groups = [
      { resource: { host: 'a' }, items: [gauge('m', [point({})]), gauge('n', [point({})])] },
      { resource: { host: 'b' }, items: [gauge('m', [point({})]), gauge('n', [point({})])] },
    ];
    const match = { match_type: 'strict', metric_names: ['m'], resource_attributes: [{ key: 'host', value: 'a' }] };
    expect(left({ metrics: { exclude: match } }, 'metrics', groups)).toBe(1);
    expect(left({ metrics: { include: match } }, 'metrics', groups)).toBe(1);
    expect(left({ metrics: { include: { match_type: 'strict' }, exclude: null } }, 'metrics', groups)).toBe(4);
  });

  test.each([
    ['WARN', 12, 0],
    ['warn', 13, 1],
    ['13', 13, 1],
    [13, 12, 0],
    ['fatal4', 24, 1],
    ['', 1, 1],
  ])('logs from severity %s on: %d stays %d times', (min, severityNumber, kept) => {
    const logs = of([logRecord({}, 'x', { severityNumber })]);
    expect(left({ logs: { include: { severity_number: { min } } } }, 'logs', logs)).toBe(kept);
  });

  test('logs without a severity number match where match_undefined says so', () => {
    const logs = of([logRecord({}, 'x', { severityNumber: 0 })]);
    const include = { severity_number: { min: 'INFO' } };
    expect(left({ logs: { include } }, 'logs', logs)).toBe(0);
    expect(left({ logs: { include: { severity_number: { min: 'INFO', match_undefined: true } } } }, 'logs', logs)).toBe(1);
  });
});

describe('a configuration that has them wrong is refused with its place', () => {
  async function faults(yaml: string): Promise<string> {
    const text = `
receivers: { otlp: { protocols: { http: } } }
processors:
  filter: ${yaml}
exporters: { debug: }
service: { pipelines: { logs: { receivers: [otlp], processors: [filter], exporters: [debug] } } }
`;
    const result = await loadConfig([{ kind: 'text', name: 'c.yaml', text }]);
    return 'plan' in result ? '' : result.faults.map(formatFault).join('\n');
  }

  test.each([
    ['{ metrics: { include: { match_type: expr, expressions: [\'MetricName == "a"\'] } } }', 'metrics::include::match_type'],
    ['{ metrics: { exclude: { match_type: strict, expressions: [a] } } }', 'metrics::exclude::expressions'],
    ['{ metrics: { exclude: { match_type: regexp, metric_names: ["("] } } }', 'metrics::exclude::metric_names::0'],
    ['{ metrics: { exclude: { match_type: regexp, resource_attributes: [{ key: a, value: 1 }] } } }', 'resource_attributes::0'],
    ['{ logs: { include: { bodies: [a] } } }', 'logs::include::match_type'],
    ['{ logs: { include: { match_type: regexp, bodies: ["("] } } }', 'logs::include::bodies::0'],
    ['{ logs: { include: { severity_number: { min: LOUD } } } }', 'logs::include::severity_number::min'],
    ['{ logs: { include: { severity_number: { min: 25 } } } }', 'logs::include::severity_number::min'],
    ['{ spans: { include: { match_type: strict } } }', 'spans::include'],
    ['{ spans: { include: { match_type: strict, span_kinds: [SERVER] } } }', 'spans::include::span_kinds::0'],
    ['{ spans: { include: { match_type: strict, log_bodies: [a] } } }', 'log_bodies'],
    ['{ logs: { include: { severity_number: { min: INFO } }, log_record: [\'body == "a"\'] } }', 'logs::include'],
    ['{ spans: { exclude: { match_type: strict, services: [a] } }, trace_conditions: [\'span.name == "a"\'] }', 'spans::exclude'],
    ['{ spans: { exclude: { match_type: strict, services: [a] } }, traces: { span: [\'name == "a"\'] } }', 'spans::exclude'],
  ])('%s', async (yaml, place) => {
    const text = await faults(yaml);
    expect(text).toContain(place);
    expect(text.split('\n')[0]).toMatch(/^c\.yaml:\d+:\d+/);
  });

  test('expr is refused with what to write instead', async () => {
    const text = await faults('{ metrics: { include: { match_type: expr, expressions: [HasLabel("a")] } } }');
    expect(text).toContain('expr is not supported; write a condition instead, such as metric_conditions:');
    expect(text).toContain('HasLabel is HasAttrKeyOnDatapoint');
  });
});
