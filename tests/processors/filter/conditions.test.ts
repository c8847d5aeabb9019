import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatFault } from '../../../config/fault.ts';
import { loadConfig } from '../../../config/load.ts';
import { checkConditions, readCondition } from '../../../processors/filter/conditions.ts';
import { filter } from '../../../processors/filter/index.ts';

const faultOf = (text: string): string | undefined => checkConditions(() => readCondition(text, 'span'));

describe('what is wrong with a condition is said with its place', () => {
  test.each([
    ['', 'a condition is empty at character 1'],
    ['name ==', 'a value is expected at character 8'],
    ['name', 'a comparison (==, !=, <, <=, >, >=) is expected at character 5'],
    ['name == "a', 'a text is not closed at character 9'],
    ['name == "a" and', 'a condition is expected at character 16'],
    ['(name == "a"', '")" is expected at character 13'],
    ['name == "a") or true', 'unexpected ")" at character 12'],
    ['attributes[test] == "pass"', 'a key is a text in quotes or a number at character 12'],
    ['attributes == nil', 'attributes needs a key: attributes["…"] at character 1'],
    ['attributes[0] == nil', 'attributes takes a text as its key at character 1'],
    ['name["a"] == "b"', 'name takes no key at character 1'],
    ['nam == "b"', 'a span has no nam here (known: name, kind, kind.string,'],
    ['log.body == "b"', 'log is not known to a condition about a span (known: resource, scope, span) at character 1'],
    ['kind == SPAN_KIND_SERVR', 'unknown name SPAN_KIND_SERVR at character 9'],
    ['Len(name) > 1', 'Len is not supported (known: IsMatch, HasPrefix,'],
    ['IsMatch(name)', 'IsMatch takes 2 arguments, not 1 at character 1'],
    ['IsMatch(name, kind.string)', 'IsMatch takes a text in quotes here at character 15'],
    [
      'IsMatch(name, "(")',
      'the pattern of IsMatch is no regular expression (RE2 syntax), a group is not closed at character 1 of it, at character 15',
    ],
    ['HasAttrOnDatapoint("a", "b")', 'HasAttrOnDatapoint is known to a condition about a metric only at character 1'],
    ['end_time_unix_nano - start_time_unix_nano > 5', 'arithmetic is not supported at character 20'],
    ['kind == (1)', 'arithmetic is not supported at character 9'],
    ['name == ["a"]', 'lists and maps are not supported as values at character 9'],
    ['set(name, "a")', '"set" is no function (editors such as set change data; they belong to transform) at character 1'],
    ['not not true', 'a value is expected, not "not" at character 5'],
    ['name = "a"', 'a comparison (==, !=, <, <=, >, >=) is expected at character 6'],
    ['name == "a" && true', 'unexpected "&" at character 13'],
    ['kind == 9223372036854775808', '9223372036854775808 does not fit 64 bits at character 9'],
    [String.raw`name == "\q"`, String.raw`\q has no meaning in a text at character 9`],
    ['('.repeat(200), 'parentheses nest too deep at character 101'],
    ['name == "a" # why', 'unexpected "#" at character 13'],
  ])('%s', (text, message) => {
    expect(faultOf(text)).toContain(`cannot read the condition: ${message}`);
  });

  test('any text is a condition or is refused, and nothing else happens', () => {
    const words = [
      'name',
      'kind',
      'attributes["a"]',
      '==',
      '<',
      '(',
      ')',
      'and',
      'or',
      'not',
      'true',
      '"x"',
      '1',
      '-',
      'nil',
      'IsMatch(',
      ',',
      '[',
      ']',
      '.',
      '0x0',
      'SPAN_KIND_SERVER',
    ];
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(fc.constantFrom(...words), { maxLength: 12 }).map((parts) => parts.join(' ')),
        ),
        (text) => {
          const fault = faultOf(text);
          if (fault !== undefined) expect(fault).toMatch(/^cannot read the condition: .* at character \d+$/s);
        },
      ),
      { numRuns: 2000, endOnFailure: true },
    );
  });
});

describe('what a condition is about', () => {
  test.each([
    ['span.name == "a" and spanevent.name == "b"', 'spanevent'],
    ['resource.attributes["a"] == span.attributes["a"]', 'span'],
    ['instrumentation_scope.name == "a" or resource.attributes["a"] == 1', 'scope'],
    ['IsRootSpan() or resource.attributes["a"] == 1', 'span'],
  ])('%s: the innermost thing that it names, a %s', (text, level) => {
    expect(readCondition(text, undefined, ['resource', 'scope', 'span', 'spanevent']).level).toBe(level);
  });

  test.each([
    ['name == "a"', 'name stands alone; say of what it is, such as spanevent.name or resource.name at character 1'],
    ['true', 'nothing says what the condition is about; group it under a map with context and conditions at character 1'],
    ['log.body == "a"', 'a log is not known here (known: resource, scope, span, spanevent) at character 1'],
  ])('%s: %s', (text, message) => {
    expect(checkConditions(() => readCondition(text, undefined, ['resource', 'scope', 'span', 'spanevent']))).toBe(
      `cannot read the condition: ${message}`,
    );
  });
});

describe('configurations of the Go collector (contrib v0.155, filterprocessor/testdata and README)', () => {
  test.each([
    {
      error_mode: 'ignore',
      traces: {
        resource: ['attributes["test"] == "pass"'],
        span: ['attributes["test"] == "pass"'],
        spanevent: ['attributes["test"] == "pass"'],
      },
      metrics: {
        resource: ['attributes["test"] == "pass"'],
        metric: ['name == "pass"'],
        datapoint: ['attributes["test"] == "pass"'],
      },
      logs: { resource: ['attributes["test"] == "pass"'], log_record: ['attributes["test"] == "pass"'] },
    },
    {
      error_mode: 'propagate',
      trace_conditions: [
        'span.attributes["container.name"] == "app_container_1"',
        'resource.attributes["host.name"] == "localhost"',
        'span.name == "app_3"',
      ],
      metric_conditions: [
        'metric.name == "my.metric" and resource.attributes["my_label"] == "abc123"',
        'metric.type == METRIC_DATA_TYPE_HISTOGRAM',
        'resource.attributes["service.name"] == "my_service_name"',
      ],
      log_conditions: ['IsMatch(log.body, ".*password.*")', 'log.severity_number < SEVERITY_NUMBER_WARN'],
    },
    {
      trace_conditions: [
        { context: 'span', conditions: ['attributes["test"] == "pass"'] },
        { context: 'spanevent', conditions: ['attributes["test"] == "pass"'] },
        { context: 'scope', conditions: ['attributes["test"] == "pass"'] },
        { context: 'resource', conditions: ['attributes["test"] == "pass"'] },
      ],
      metric_conditions: [{ context: 'datapoint', error_mode: 'silent', conditions: ['attributes["test"] == "pass"'] }],
    },
    { metrics: { datapoint: ['metric.name == "k8s.pod.phase" and value_int == 4'] } },
    {
      traces: { span: ['IsRootSpan()'] },
      logs: { log_record: ['IsMatch(body, ".*password.*")', 'severity_number < SEVERITY_NUMBER_WARN'] },
    },
    {
      metrics: { include: { match_type: 'strict' } },
      logs: { include: { match_type: 'regexp' } },
    },
    {
      metrics: {
        include: { match_type: 'regexp', regexp: { cacheenabled: true }, metric_names: ['prefix/.*', '.*/contains/.*'] },
        exclude: {
          match_type: 'regexp',
          metric_names: ['.*_suffix'],
          regexp: { cacheenabled: true, cachemaxnumentries: 10 },
        },
      },
      logs: {
        include: { severity_number: { min: 'INFO', match_undefined: true } },
        exclude: { match_type: 'regexp', record_attributes: [{ key: 'host.name', value: 'banned_host_.*' }] },
      },
      spans: {
        include: {
          match_type: 'strict',
          services: ['test', 'test2'],
          attributes: [{ key: 'should_include', value: '(true|probably)' }],
        },
        exclude: { match_type: 'regexp', attributes: [{ key: 'should_exclude', value: '(true|probably)' }] },
      },
    },
    undefined,
  ])('%# runs unchanged', (given) => {
    expect(filter.config.safeParse(given).error?.issues).toBeUndefined();
  });

  test.each([
    [
      { traces: { span: ['attributes[test] == "pass"'] } },
      'traces.span.0 cannot read the condition: a key is a text in quotes or a number at character 12',
    ],
    [
      { log_conditions: [{ context: 'span', conditions: ['true'] }] },
      'log_conditions.0.context is nothing that logs have; one of resource, scope, log is expected',
    ],
    [
      { metric_conditions: ['metric.name == "a"'], metrics: { metric: ['name == "a"'] } },
      'metric_conditions cannot stand beside metrics; write all conditions here',
    ],
  ])('%j: %s', (given, fault) => {
    const [issue] = filter.config.safeParse(given).error!.issues;
    expect(`${issue!.path.join('.')} ${issue!.message}`).toBe(fault);
  });
});

test('a fault leads to the line of the YAML text', async () => {
  const text = `receivers: { otlp: { protocols: { http: } } }
exporters: { debug: }
processors:
  filter:
    trace_conditions:
      - span.name == "a"
      - span.nam == "b"
service: { pipelines: { traces: { receivers: [otlp], processors: [filter], exporters: [debug] } } }
`;
  const loaded = await loadConfig([{ kind: 'text', name: 'a.yaml', text }], { environment: {} });
  const faults = 'plan' in loaded ? [] : loaded.faults.map(formatFault);
  expect(faults).toHaveLength(1);
  expect(faults[0]).toMatch(
    /a\.yaml:7:9.*processors::filter::trace_conditions::1.*cannot read the condition: a span has no nam here/s,
  );
});
