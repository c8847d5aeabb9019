import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { settingsOfFile } from '../../../../agent/instrument/config-file/config-file.ts';
import { CONFIG_FILE_LIMITS } from '../../../../agent/instrument/config-file/limits.ts';
import { SETTING_LIMITS } from '../../../../agent/instrument/limits.ts';
import { readSettings, type Settings } from '../../../../agent/instrument/settings.ts';
import { temporaryFolders } from '../../../support/temporary.ts';
import { ROOT } from '../../../support/tree.ts';

const folders = temporaryFolders();
const EXAMPLE = join(ROOT, 'agent/instrument/examples/otel-config.yaml');

interface Read {
  readonly settings: Settings;
  readonly lines: readonly string[];
}

/** Of a file with this text; what is told names it `otel.yaml`. */
function read(yaml: string, environment: Readonly<Record<string, string>> = {}): Read {
  const path = join(folders(), 'otel.yaml');
  writeFileSync(path, yaml);
  const lines: string[] = [];
  const shown = (line: string): string => line.replaceAll(path, 'otel.yaml');
  try {
    return { settings: settingsOfFile(path, environment, (line) => lines.push(shown(line))), lines };
  } catch (error) {
    throw new Error(shown((error as Error).message), { cause: error });
  }
}

const withReader = (reader: string, environment?: Readonly<Record<string, string>>): Read =>
  read(`file_format: "1.0"\nmeter_provider: { readers: [{ periodic: ${reader} }] }`, environment);
const withExporter = (options: string, environment?: Readonly<Record<string, string>>): Read =>
  withReader(`{ exporter: { otlp_http: ${options} } }`, environment);
const withViews = (views: string): Read =>
  read(`file_format: "1.0"\nmeter_provider:\n  readers: [{ periodic: { exporter: { otlp_http: } } }]\n  views: ${views}`);
const withResource = (resource: string, environment?: Readonly<Record<string, string>>): Read =>
  read(
    `file_format: "1.0"\nresource: ${resource}\nmeter_provider: { readers: [{ periodic: { exporter: { otlp_http: } } }] }`,
    environment,
  );

describe('the example', () => {
  it('is read without a word, and asks for what it says', () => {
    const lines: string[] = [];
    const environment = { OTEL_EXPORTER_OTLP_ENDPOINT: 'https://collector.example.com', OTEL_RESOURCE_ATTRIBUTES: 'a=b%20c' };
    const settings = settingsOfFile(EXAMPLE, environment, (line) => lines.push(line));
    expect(lines).toEqual([]);
    expect(settings).toMatchObject({
      disabled: false,
      logLevel: 'info',
      resourceAttributes: { a: 'b c', 'service.name': 'shop', 'deployment.environment.name': 'production', 'shop.shard': 3 },
      detectors: ['env', 'serviceinstance', 'host', 'os', 'process'],
      otlp: {
        url: 'https://collector.example.com/v1/metrics',
        isDefault: false,
        headers: { authorization: 'Bearer none' },
        compression: 'gzip',
        timeoutMs: 3000,
      },
      metrics: {
        exporter: 'otlp',
        intervalMs: 10_000,
        exportTimeoutMs: 5000,
        temporality: 'delta',
      },
      advice: [{ cardinalityLimit: 1000 }, { instrumentKind: 'histogram', cardinalityLimit: 500 }],
      views: [
        {
          instrumentName: 'http.server.request.duration',
          instrumentKind: 'histogram',
          aggregation: { type: 'explicit_bucket_histogram', boundaries: [0.01, 0.1, 1, 10] },
        },
        { instrumentName: 'shop.*', meterName: 'shop', cardinalityLimit: 100 },
        { instrumentName: 'v8js.memory.*', aggregation: { type: 'drop' } },
      ],
    });
    const filter = settings.views![1]!.attributeFilter!;
    expect([filter.has('customer.id'), filter.has('plan')]).toEqual([false, true]);
  });
});

describe('a file', () => {
  it('counts before all variables of OpenTelemetry, and leaves those of the agent', () => {
    const environment = {
      OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: 'http://elsewhere:1/',
      OTEL_EXPORTER_OTLP_HEADERS: 'a=b',
      OTEL_EXPORTER_OTLP_CERTIFICATE: '/a.pem',
      OTEL_METRIC_EXPORT_INTERVAL: '7',
      OTEL_METRICS_EXPORTER: 'none',
      OTEL_SDK_DISABLED: 'true',
      OTEL_SERVICE_NAME: 'elsewhere',
      OTEL_RESOURCE_ATTRIBUTES: 'a=b',
      OTEL_LOG_LEVEL: 'none',
      OTEL_NODE_DISABLED_INSTRUMENTATIONS: 'http-server',
      OTEL_METRICS_EXEMPLAR_FILTER: 'always_on',
      AGENT_MODE: 'main',
      AGENT_SCOPE: 'DEVELOPMENT',
      AGENT_ENGINE: 'sdk',
    };
    const { settings, lines } = withExporter('', environment);
    const defaults = readSettings({ AGENT_MODE: 'main', AGENT_SCOPE: 'DEVELOPMENT', AGENT_ENGINE: 'sdk' }, () => undefined);
    expect(lines).toEqual([]);
    expect(settings).toEqual({
      ...defaults,
      detectors: [],
      // Those of the schema, where they are not the agent's.
      otlp: { ...defaults.otlp, compression: 'none' },
      metrics: { ...defaults.metrics, intervalMs: 60_000 },
      views: [],
      from: [...defaults.from, 'OTEL_CONFIG_FILE'],
    });
  });

  it.each([
    ['"1.0"', []],
    ['1.0', []],
    ['"1.1"', []],
    ['"1.0-rc.2"', []],
    ['"1.7"', ['cannot use file_format of otel.yaml: it is newer than 1.1, which the agent knows']],
  ])('of the version %s is read', (version, said) => {
    expect(
      read(`file_format: ${version}\nmeter_provider: { readers: [{ periodic: { exporter: { otlp_http: } } }] }`).lines,
    ).toEqual(said);
  });

  it.each(['"0.4"', '"2.0"', '2', '"one"', '', 'true', '[1, 0]'])('of the version %s is not', (version) => {
    expect(() => read(`file_format: ${version}`)).toThrow(/^cannot read otel\.yaml: file_format: it is not 1\.0 to 1\.1$/);
  });

  it.each([
    ['', 'it holds nothing'],
    ['just a text', 'it is no mapping'],
    ['a: [', 'line 1: '],
    ['file_format: ${a b}', 'line 1: a reference to a variable is none of'],
    ['file_format: "1.0"\ndisabled: maybe', 'disabled: it is neither true nor false'],
    ['file_format: "1.0"\nlog_level: loud', 'log_level: it is none of trace, trace2'],
    ['file_format: "1.0"\nmeter_provider:', 'meter_provider.readers: it is missing, or empty'],
    ['file_format: "1.0"\nmeter_provider: { readers: [{}] }', 'meter_provider.readers[0]: it has 0 keys'],
    [
      'file_format: "1.0"\nmeter_provider: { readers: [{ push: }] }',
      'meter_provider.readers[0].push: it is neither periodic nor pull',
    ],
  ])('%j is no configuration', (yaml, cause) => {
    expect(() => read(yaml)).toThrow(`cannot read otel.yaml: `);
    expect(() => read(yaml)).toThrow(cause);
  });

  it('has all its faults told at once, and never what a variable holds', () => {
    const faults = `
file_format: "1.0"
disabled: \${SECRET}
meter_provider:
  readers:
    - periodic:
        interval: \${SECRET}
        exporter:
          otlp_http:
            endpoint: \${SECRET}
            timeout: -1
`;
    expect(() => read(faults, { SECRET: 's3cret' })).toThrow(
      /^cannot read otel\.yaml: disabled: [^;]*; .*interval: [^;]*; .*endpoint: [^;]*; .*timeout: [^;]*$/,
    );
    expect(() => read(faults, { SECRET: 's3cret' })).not.toThrow('s3cret');
  });

  it('that is not there, is none, or is too large is told', () => {
    expect(() => settingsOfFile('/nowhere/otel.yaml', {}, () => undefined)).toThrow('cannot read /nowhere/otel.yaml: ENOENT');
    expect(() => settingsOfFile('/dev/zero', {}, () => undefined)).toThrow('cannot read /dev/zero: it is no file');
    expect(() => read(' '.repeat(CONFIG_FILE_LIMITS.bytes + 1))).toThrow('it is larger than');
  });

  it('without a meter provider sends nothing, as the specification has it, and says so', () => {
    const { settings, lines } = read('file_format: "1.0"');
    expect(settings.metrics.exporter).toBe('none');
    expect(lines).toEqual(['cannot use meter_provider of otel.yaml: there is none: no metrics are sent']);
  });

  it.each([
    ['trace3', 'all'],
    ['debug', 'debug'],
    ['info4', 'info'],
    ['warn', 'warn'],
    ['error2', 'error'],
    ['fatal', 'error'],
  ])('with log_level %s prints what %s does', (level, name) => {
    const { settings, lines } = read(`file_format: "1.0"\nlog_level: ${level}`);
    expect([settings.logLevel, lines.length]).toEqual([name, name === 'error' ? 0 : 1]);
  });

  it('that switches off says no more', () => {
    const { settings, lines } = read('file_format: "1.0"\ndisabled: ${OFF}\npropagator: {}', { OFF: 'true' });
    expect([settings.disabled, lines]).toEqual([true, []]);
  });

  it('has each thing told that the agent has no place for, a line each by its path', () => {
    const { lines } = read(`
file_format: "1.0"
attribute_limits: { attribute_count_limit: 3 }
propagator: { composite: [{ tracecontext: }] }
tracer_provider: { processors: [] }
logger_provider: { processors: [] }
instrumentation/development: { js: {} }
distribution: { other: {} }
meter_providr: {}
resource:
  schema_url: https://example.com/1
  detection/development: { attributes: { included: ['*'] }, detectors: [{ container: }] }
`);
    expect(pathsOf(lines)).toEqual([
      'attribute_limits',
      'distribution',
      'instrumentation/development',
      'logger_provider',
      'meter_provider',
      'meter_providr',
      'propagator',
      'resource.detection/development.attributes',
      'resource.detection/development.container',
      'resource.schema_url',
      'tracer_provider',
    ]);
  });

  it('has those of its meter provider told, too', () => {
    const { lines, settings } = read(`
file_format: "1.0"
meter_provider:
  meter_configurator/development: {}
  readers:
    - pull: { exporter: { prometheus/development: } }
    - periodic:
        producers: [{ opencensus: }]
        max_export_batch_size/development: 5
        exporter: { otlp_http: { encoding: json, compression: zstd, max_request_size: 5, max_response_size: 5, retries: 3, headers_list: x } }
    - periodic: { exporter: { console: } }
  views:
    - selector: { instrument_nam: x }
      stream: { aggregation: { base2_exponential_bucket_histogram: { max_scale: 4 } } }
`);
    const reader = 'meter_provider.readers[1].periodic';
    expect(pathsOf(lines)).toEqual(
      [
        'meter_provider.meter_configurator/development',
        'meter_provider.readers[0].pull',
        ...['producers', 'max_export_batch_size/development'].map((key) => `${reader}.${key}`),
        ...['encoding', 'compression', 'max_request_size', 'max_response_size', 'retries', 'headers_list'].map(
          (key) => `${reader}.exporter.otlp_http.${key}`,
        ),
        'meter_provider.readers[2]',
        'meter_provider.views[0].selector.instrument_nam',
        'meter_provider.views[0].stream.aggregation.base2_exponential_bucket_histogram.max_scale',
      ].toSorted(),
    );
    expect([settings.metrics.exporter, settings.otlp.compression, settings.otlp.headers]).toEqual(['otlp', 'none', {}]);
  });

  it('tells no more than a screen', () => {
    const { lines } = read(`file_format: "1.0"\n${Array.from({ length: 50 }, (_, at) => `unknown${at}: 1`).join('\n')}`);
    expect(lines.length).toBe(21);
    expect(lines.at(-1)).toBe('cannot use 31 more settings of otel.yaml');
  });
});

describe('a reader', () => {
  it.each([
    ['{ otlp_grpc: { endpoint: x } }', 'otlp_grpc'],
    ['{ console: }', 'console'],
    ['{ otlp_file/development: }', 'otlp_file/development'],
  ])('whose exporter is %s sends nothing, and that is told', (exporter, name) => {
    const { settings, lines } = withReader(`{ exporter: ${exporter} }`);
    expect(settings.metrics.exporter).toBe('none');
    expect(pathsOf(lines)).toEqual(['meter_provider.readers', `meter_provider.readers[0].periodic.exporter.${name}`]);
  });

  it('has its times, where 0 is no limit, and its limits by kind of instrument', () => {
    const limits = '{ default: 3, counter: 4, up_down_counter: 5, observable_gauge: }';
    const { metrics, advice } = withReader(
      `{ interval: 1500, timeout: 0, cardinality_limits: ${limits}, exporter: { otlp_http: } }`,
    ).settings;
    expect(metrics).toMatchObject({ intervalMs: 1500, exportTimeoutMs: SETTING_LIMITS.longestMs });
    expect(advice).toEqual([
      { cardinalityLimit: 3 },
      { instrumentKind: 'counter', cardinalityLimit: 4 },
      { instrumentKind: 'up_down_counter', cardinalityLimit: 5 },
    ]);
  });

  it.each([
    ['{ exporter: {} }', 'exporter: it has 0 keys'],
    ['{ interval: 1 }', 'exporter: it is missing'],
    ['{ interval: 0, exporter: { otlp_http: } }', 'interval: it is no whole number from 1'],
    ['{ interval: 1.5, exporter: { otlp_http: } }', 'interval: it is no whole number'],
    ['{ interval: "1500", exporter: { otlp_http: } }', 'interval: it is no whole number'],
    ['{ cardinality_limits: { default: 0 }, exporter: { otlp_http: } }', 'default: it is no whole number'],
  ])('that is %s is a fault', (reader, cause) => {
    expect(() => withReader(reader)).toThrow(cause);
  });
});

describe('an exporter', () => {
  it('that names no endpoint sends to the default one, where nobody need be', () => {
    expect(withExporter('').settings.otlp).toMatchObject({ url: 'http://localhost:4318/v1/metrics', isDefault: true });
    expect(withExporter('{ endpoint: }').settings.otlp.isDefault).toBe(true);
    expect(withExporter('{ endpoint: "http://localhost:4318/v1/metrics" }').settings.otlp.isDefault).toBe(false);
  });

  it('has what it says of requests', () => {
    const options =
      '{ endpoint: "https://a:1/x?y=1", timeout: 0, compression: gzip, encoding: protobuf, temporality_preference: low_memory,' +
      ' default_histogram_aggregation: base2_exponential_bucket_histogram,' +
      ' tls: { ca_file: /ca.pem, key_file: /key.pem, cert_file: /cert.pem },' +
      ' headers_list: "A=of%20the%20list,B=of the list", headers: [{ name: b, value: own }, { name: C, value: }, { name: D, value: "" }] }';
    const { settings, lines } = withExporter(options);
    expect(lines).toEqual([]);
    expect(settings.otlp).toEqual({
      url: 'https://a:1/x?y=1',
      isDefault: false,
      headers: { a: 'of the list', b: 'own', d: '' },
      timeoutMs: SETTING_LIMITS.longestMs,
      compression: 'gzip',
      certificate: '/ca.pem',
      clientKey: '/key.pem',
      clientCertificate: '/cert.pem',
    });
    expect(settings.metrics).toMatchObject({
      temporality: 'lowmemory',
      histogramAggregation: 'base2_exponential_bucket_histogram',
    });
  });

  it.each([
    ['{ endpoint: collector }', 'endpoint: it is no address'],
    ['{ endpoint: 5 }', 'endpoint: it is no text'],
    ['{ headers: { a: b } }', 'headers: it is no list'],
    ['{ headers: [{ value: b }] }', 'headers[0].name: it is missing'],
    ['{ headers: [{ name: "a b", value: b }] }', 'headers[0]: it is no header of HTTP'],
    ['{ headers: [{ name: a, value: "b\\nc" }] }', 'headers[0]: it is no header of HTTP'],
    ['{ tls: { ca_file: ca.pem } }', 'ca_file: it is no absolute path'],
    ['{ tls: { key_file: /key.pem } }', 'tls: of key_file and cert_file one is missing'],
    ['{ temporality_preference: lowmemory }', 'temporality_preference: it is none of cumulative, delta, low_memory'],
  ])('that is %s is a fault', (options, cause) => {
    expect(() => withExporter(options)).toThrow(cause);
  });
});

describe('a resource', () => {
  it('has values of all types, and those of the list below them', () => {
    const { settings, lines } = withResource(`
  attributes_list: "a=of%20the%20list,text=of the list"
  attributes:
    - { name: text, value: own }
    - { name: flag, value: true, type: bool }
    - { name: whole, value: 0x10, type: int }
    - { name: part, value: 1.5, type: double }
    - { name: texts, value: [a, b], type: string_array }
    - { name: flags, value: [true], type: bool_array }
    - { name: wholes, value: [1, 2], type: int_array }
    - { name: parts, value: [1, 2.5], type: double_array }
    - { name: nothing, value: }
`);
    expect(lines).toEqual([]);
    expect(settings.resourceAttributes).toEqual({
      a: 'of the list',
      text: 'own',
      flag: true,
      whole: 16,
      part: 1.5,
      texts: ['a', 'b'],
      flags: [true],
      wholes: [1, 2],
      parts: [1, 2.5],
    });
  });

  it('has the name of the service from its variable where its detector asks for it, below what is written', () => {
    const named = { OTEL_SERVICE_NAME: 'of the variable' };
    const attributes = (resource: string): unknown => withResource(resource, named).settings.resourceAttributes;
    const detection = 'detection/development: { detectors: [{ service: }] }';
    expect(attributes(`{ ${detection} }`)).toEqual({ 'service.name': 'of the variable' });
    expect(attributes(`{ ${detection}, attributes: [{ name: service.name, value: shop }] }`)).toEqual({ 'service.name': 'shop' });
    expect(attributes('{}')).toEqual({});
  });

  it('of whose list one pair is wrong has none of it, and says so', () => {
    const { settings, lines } = withResource('{ attributes_list: "a=1,b" }');
    expect([settings.resourceAttributes, pathsOf(lines)]).toEqual([{}, ['resource.attributes_list']]);
  });

  it.each([
    ['{ attributes: [{ name: a, value: 1 }] }', 'attributes[0].value: it is no string'],
    ['{ attributes: [{ name: a, value: 1.5, type: int }] }', 'value: it is no int'],
    ['{ attributes: [{ name: a, value: [1, x], type: int_array }] }', 'value: it is no int_array'],
    ['{ attributes: [{ name: a }] }', 'value: it is missing'],
    ['{ attributes: [{ value: a }] }', 'name: it is missing'],
    ['{ attributes: [{ name: a, value: 1, type: number }] }', 'type: it is none of string, bool'],
    ['{ attributes: a=b }', 'attributes: it is no list'],
  ])('that is %s is a fault', (resource, cause) => {
    expect(() => withResource(resource)).toThrow(cause);
  });
});

describe('a view', () => {
  it('selects and changes as it says', () => {
    const { settings, lines } = withViews(`
    - selector: { instrument_name: a.*, instrument_type: observable_gauge, unit: ms, meter_name: m, meter_version: "1", meter_schema_url: s }
      stream: { description: d, attribute_keys: { included: [x, y] } }
    - selector: { instrument_name: b }
      stream: { name: c, aggregation: { explicit_bucket_histogram: { boundaries: [1, 2.5], record_min_max: false } } }
    - selector:
      stream: { aggregation: { base2_exponential_bucket_histogram: { max_size: 20, max_scale: 20 } } }
    - { selector: {}, stream: { aggregation: { drop: } } }
    - { selector: {}, stream: { aggregation: { last_value: } } }
    - { selector: {}, stream: { aggregation: { sum: } } }
    - { selector: {}, stream: { aggregation: { default: } } }
    - { selector: {}, stream: { aggregation: { explicit_bucket_histogram: } } }`);
    expect(lines).toEqual([]);
    expect(settings.views).toEqual([
      {
        instrumentName: 'a.*',
        instrumentKind: 'observable_gauge',
        instrumentUnit: 'ms',
        meterName: 'm',
        meterVersion: '1',
        meterSchemaUrl: 's',
        description: 'd',
        attributeKeys: ['x', 'y'],
      },
      {
        instrumentName: 'b',
        name: 'c',
        aggregation: { type: 'explicit_bucket_histogram', boundaries: [1, 2.5], recordMinMax: false },
      },
      { aggregation: { type: 'base2_exponential_bucket_histogram', maxSize: 20 } },
      { aggregation: { type: 'drop' } },
      { aggregation: { type: 'last_value' } },
      { aggregation: { type: 'sum' } },
      {},
      { aggregation: { type: 'explicit_bucket_histogram' } },
    ]);
  });

  it.each([
    ['[{ stream: {} }]', 'views[0].selector: it is missing'],
    ['[{ selector: {} }]', 'views[0].stream: it is missing'],
    ['[{ selector: { instrument_type: timer }, stream: {} }]', 'instrument_type: it is none of counter'],
    ['[{ selector: {}, stream: { aggregation: { median: } } }]', 'aggregation.median: it is none of default'],
    ['[{ selector: {}, stream: { aggregation: { sum: , drop: } } }]', 'aggregation: it has 2 keys'],
    [
      '[{ selector: {}, stream: { aggregation: { explicit_bucket_histogram: { boundaries: [a] } } } }]',
      'it is no list of numbers',
    ],
    ['[{ selector: {}, stream: { attribute_keys: { included: [1] } } }]', 'included[0]: it is no text'],
    ['[{ selector: {}, stream: { aggregation_cardinality_limit: 0 } }]', 'it is no whole number from 1'],
  ])('that is %s is a fault', (views, cause) => {
    expect(() => withViews(views)).toThrow(cause);
  });
});

describe('spans', () => {
  const PROVIDER = 'tracer_provider: { processors: [{ batch: { exporter: { otlp_http: { endpoint: "http://a:1/t" } } } }] }';

  it('go where the file says, where AGENT_TRACES asks for them', () => {
    const asked = read(`file_format: "1.0"\n${PROVIDER}`, {
      AGENT_TRACES: '1',
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://b:1/',
    });
    expect(asked.settings.traces?.url).toBe('http://a:1/t');
    expect(pathsOf(asked.lines)).toEqual(['meter_provider', 'tracer_provider']);
    expect(read(`file_format: "1.0"\n${PROVIDER}`).settings.traces?.url).toBeUndefined();
    expect(read('file_format: "1.0"', { AGENT_TRACES: '1' }).settings.traces?.url).toBeUndefined();
  });
});

/** Of lines that tell why something goes without effect. */
function pathsOf(lines: readonly string[]): readonly (string | undefined)[] {
  return lines.map((line) => /^cannot use (\S+) of otel\.yaml: .{10,}$/.exec(line)?.[1]).toSorted();
}
