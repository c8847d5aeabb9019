import { describe, expect, test } from 'vitest';
import { LOG_FIELDS, Matcher, POINT_FIELDS, SPAN_FIELDS } from '../../../pipeline/attributes/matcher.ts';
import { matchSchema } from '../../../pipeline/attributes/match-config.ts';
import { CUT, Descent, ENTER, PASS } from '../../../pipeline/otlp/descent.kernel.ts';
import { Splices } from '../../../pipeline/otlp/splices.kernel.ts';
import type { Signal } from '../../../pipeline/signal.ts';
import { encode, gauge, logRecord, point, request, span, type Attributes } from '../../support/build.ts';
import type { Tree } from '../../support/reference/otlp.ts';

const FIELDS = { metrics: POINT_FIELDS, traces: SPAN_FIELDS, logs: LOG_FIELDS };
const LISTS = { metrics: 7, traces: 9, logs: 6 };

/** How many items match. */
function matches(signal: Signal, match: object, items: readonly Tree[], resource: Attributes = {}): number {
  const matcher = new Matcher(matchSchema.parse(match));
  const bytes = encode(signal, request(signal, [{ resource, items }]));
  let count = 0;
  new Descent(new Splices()).run(bytes, signal === 'metrics', {
    group: (at) => (matcher.group(at) ? ENTER : PASS),
    list: (at) => (matcher.list(at) ? ENTER : PASS),
    metric: (at) => (matcher.metric(at) ? ENTER : PASS),
    item: (at) => {
      if (matcher.item(at, FIELDS[signal], LISTS[signal])) count += 1;
      return CUT;
    },
  });
  return count;
}
const strict = (match: object): object => ({ match_type: 'strict', ...match });
const regexp = (match: object): object => ({ match_type: 'regexp', ...match });

describe('what an include or exclude matches', () => {
  test('services, which are the service.name of the resource as text', () => {
    expect(matches('traces', strict({ services: ['a', 'b'] }), [span()], { 'service.name': 'b' })).toBe(1);
    expect(matches('traces', strict({ services: ['a'] }), [span()], { 'service.name': 'ab' })).toBe(0);
    expect(matches('traces', regexp({ services: ['a'] }), [span()], { 'service.name': 'bab' })).toBe(1);
    expect(matches('traces', strict({ services: ['5'] }), [span()], { 'service.name': 5n })).toBe(1);
    expect(matches('traces', strict({ services: ['<nil-service-name>'] }), [span()])).toBe(1);
  });

  test('names, kinds and severities of items', () => {
    expect(matches('traces', strict({ span_names: ['GET /'] }), [span(), span({}, { name: 'POST' })])).toBe(1);
    expect(
      matches('traces', strict({ span_kinds: ['SPAN_KIND_SERVER'] }), [span(), span({}, { kind: 3 }), span({}, { kind: 99 })]),
    ).toBe(1);
    expect(
      matches('logs', regexp({ log_severity_texts: ['^(INFO|WARN)$'] }), [
        logRecord(),
        logRecord({}, '', { severityText: 'WARNING' }),
      ]),
    ).toBe(1);
    const severities = [0, 5, 9, 17].map((severityNumber) => logRecord({}, '', { severityNumber }));
    expect(matches('logs', strict({ log_severity_number: { min: 9 } }), severities)).toBe(2);
    expect(matches('logs', strict({ log_severity_number: { min: 9, match_undefined: true } }), severities)).toBe(3);
    expect(matches('metrics', regexp({ metric_names: ['^a'] }), [gauge('ab', [point(), point()]), gauge('ba', [point()])])).toBe(
      2,
    );
  });

  test('bodies, which are text whatever they are', () => {
    expect(matches('logs', regexp({ log_bodies: ['AUTH.*'] }), [logRecord({}, 'AUTH no'), logRecord({}, 'auth')])).toBe(1);
    expect(matches('logs', strict({ log_bodies: ['{"a":[1,"b<"]}'] }), [logRecord({}, { a: [1n, 'b<'] })])).toBe(1);
    expect(matches('logs', strict({ log_bodies: [''] }), [logRecord({}, null), { timeUnixNano: 1n }])).toBe(2);
  });

  test('attributes, exactly or by pattern, all of them', () => {
    const of = (attributes: Attributes) => [span(attributes)];
    expect(matches('traces', strict({ attributes: [{ key: 'a', value: 'x' }, { key: 'b' }] }), of({ a: 'x', b: 1n }))).toBe(1);
    expect(matches('traces', strict({ attributes: [{ key: 'a', value: 'x' }, { key: 'b' }] }), of({ a: 'x' }))).toBe(0);
    expect(matches('traces', strict({ attributes: [{ key: 'a', value: 1 }] }), of({ a: 1n }))).toBe(1);
    expect(matches('traces', strict({ attributes: [{ key: 'a', value: 1 }] }), of({ a: '1' }))).toBe(0);
    expect(matches('traces', strict({ attributes: [{ key: 'a', value: false }] }), of({ a: 'false' }))).toBe(0);
    expect(
      matches('traces', strict({ attributes: [{ key: 'a', value: { x: [1], y: 'z' } }] }), of({ a: { y: 'z', x: [1n] } })),
    ).toBe(1);
    expect(matches('traces', regexp({ attributes: [{ key: 'a', value: '^1e21|10{21}$' }] }), of({ a: 1e21 }))).toBe(1);
    expect(matches('traces', regexp({ attributes: [{ key: 'a', value: 'true' }] }), of({ a: true }))).toBe(1);
    expect(matches('traces', regexp({ attributes: [{ key: 'a', value: '.*' }] }), of({ a: ['x'] }))).toBe(0);
    expect(
      matches('metrics', strict({ attributes: [{ key: 'a', value: 'x' }] }), [gauge('g', [point({ a: 'x' }), point()])]),
    ).toBe(1);
  });

  test('resources and libraries', () => {
    expect(matches('logs', strict({ resources: [{ key: 'h', value: 'n' }] }), [logRecord()], { h: 'n' })).toBe(1);
    expect(matches('logs', strict({ resources: [{ key: 'h', value: 'n' }] }), [logRecord()], {})).toBe(0);
    expect(matches('logs', strict({ libraries: [{ name: 'test' }] }), [logRecord()])).toBe(1);
    expect(matches('logs', strict({ libraries: [{ name: 'test', version: '' }] }), [logRecord()])).toBe(0);
    expect(matches('logs', strict({ libraries: [{ name: 'test', version: '1' }] }), [logRecord()])).toBe(1);
  });

  test('never what a signal does not have', () => {
    expect(matches('logs', strict({ span_names: [''] }), [logRecord()])).toBe(0);
    expect(matches('traces', strict({ metric_names: [''] }), [span()])).toBe(0);
    expect(matches('metrics', strict({ log_bodies: [''] }), [gauge('g', [point()])])).toBe(0);
  });
});
