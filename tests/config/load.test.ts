import { describe, expect, it } from 'vitest';
import { formatFault } from '../../config/fault.ts';
import { faultsOf, MINIMAL, planOf } from '../support/config.ts';

describe('a good configuration', () => {
  it('becomes a plan with every default', async () => {
    const { plan } = await planOf(MINIMAL);
    expect(plan.receivers.map(({ id, config }) => [id, config])).toEqual([
      ['otlp', { protocols: { http: { endpoint: 'localhost:4318', max_request_body_size: 1024 } } }],
    ]);
    expect(plan.exporters[0]?.delivery.sending_queue.on_full).toBe('refuse');
    expect(plan.pipelines).toEqual([
      { id: 'metrics', signal: 'metrics', receivers: ['otlp'], processors: [], exporters: ['debug'] },
    ]);
    expect(plan.service).toEqual({ ack: 'queued', shutdownTimeoutMs: 10_000 });
    expect(plan.scope.binding).toMatchObject({ fallback: 'global', from: 'fallback' });
  });

  it('may name a component by an alias and keeps the id as written', async () => {
    const { plan } = await planOf(MINIMAL.replaceAll('debug', 'logging/x'));
    expect(plan.exporters.map(({ id, component }) => [id, component.type])).toEqual([['logging/x', 'debug']]);
  });

  it('has several instances of one type and pipelines of one signal', async () => {
    const text = `
receivers: { otlp: { protocols: { http: } } }
processors: { batch/slow: { timeout: 5s }, batch: }
exporters: { debug: , debug/2: }
service:
  pipelines:
    traces: { receivers: [otlp], processors: [batch], exporters: [debug] }
    traces/raw: { receivers: [otlp], processors: [batch/slow], exporters: [debug, debug/2] }
`;
    const { plan } = await planOf(text);
    expect(plan.pipelines.map(({ id, signal }) => [id, signal])).toEqual([
      ['traces', 'traces'],
      ['traces/raw', 'traces'],
    ]);
    expect(plan.receivers).toHaveLength(1);
    expect(plan.processors.map(({ id, config }) => [id, config])).toEqual([
      ['batch', { timeout: 200, send_batch_size: 8192 }],
      ['batch/slow', { timeout: 5000, send_batch_size: 8192 }],
    ]);
  });

  it('merges several sources, --set last', async () => {
    const later = 'exporters: { debug: { verbosity: detailed, timeout: 1s } }\nservice: { ack: delivered }';
    const { plan } = await planOf([MINIMAL, later], { set: ['exporters.debug.timeout=2s', 'service::shutdown_timeout=1m'] });
    expect(plan.exporters[0]?.config).toMatchObject({ verbosity: 'detailed', timeout: 2000 });
    expect(plan.service).toEqual({ ack: 'delivered', shutdownTimeoutMs: 60_000 });
  });

  it('keeps the text of a substituted value where an option wants text', async () => {
    const text = MINIMAL.replace('debug:\n', 'debug:\n    verbosity: ${env:V}\n');
    expect((await planOf(text, { environment: { V: '007' } })).plan.exporters[0]?.config).toMatchObject({ verbosity: '007' });
  });

  it('an empty option and an unset variable mean the default', async () => {
    const text = MINIMAL.replace('debug:\n', 'debug:\n    verbosity:\n    timeout: ${env:NONE}\n');
    const { plan, warnings } = await planOf(text);
    expect(plan.exporters[0]?.config).toMatchObject({ verbosity: 'basic', timeout: 5000 });
    expect(warnings).toHaveLength(1);
  });

  it('loads only what a pipeline names, and says what is left', async () => {
    const text = MINIMAL.replace(
      'exporters:\n  debug:\n',
      'processors:\n  batch:\nextensions:\n  health_check:\nexporters:\n  debug:\n',
    );
    const { plan } = await planOf(text);
    expect(plan.processors).toEqual([]);
    expect(plan.extensions).toEqual([]);
    expect(await faultsOf(text)).toEqual([
      'warning: a.yaml:6:3: processors::batch: processor is not used: no pipeline names it',
      'warning: a.yaml:8:3: extensions::health_check: extension is not used: service::extensions does not list it',
    ]);
  });

  it("has the level and the encoding of the collector's own log", async () => {
    const settings = async (telemetry: string) => (await planOf(MINIMAL + telemetry)).service.telemetry.logs;
    expect(await settings('')).toEqual({ level: 'info', encoding: 'console' });
    expect(await settings('  telemetry: { logs: { level: WARN, encoding: json } }\n')).toEqual({
      level: 'warn',
      encoding: 'json',
    });
    expect(await settings('  telemetry: { logs: { level: fatal } }\n')).toEqual({ level: 'error', encoding: 'console' });
    expect(await settings('  telemetry:\n    logs:\n')).toEqual({ level: 'info', encoding: 'console' });
  });

  it('names each self-telemetry setting of the Go collector that has no effect, with its line', async () => {
    const lines = MINIMAL.split('\n').length;
    const text = `${MINIMAL}  telemetry:
    logs:
      level: debug
      output_paths: [stdout]
    metrics: { level: detailed }
    traces: { processors: [] }
    resource: { a: b }
`;
    const { plan, warnings } = await planOf(text);
    expect(plan.pipelines).toHaveLength(1);
    expect(warnings.map(formatFault)).toEqual([
      `a.yaml:${lines + 3}:7: service::telemetry::logs::output_paths: has no effect: of logs there are level and encoding; lines go to stderr`,
      `a.yaml:${lines + 5}:5: service::telemetry::traces: has no effect: there are no own traces`,
      `a.yaml:${lines + 6}:5: service::telemetry::resource: has no effect: of telemetry there are logs and metrics`,
    ]);
    expect((await planOf(`${MINIMAL}  telemetry: { metrics: { level: none } }\n`)).warnings).toEqual([]);
  });

  it('an unknown level of the log is a fault', async () => {
    const faults = await faultsOf(`${MINIMAL}  telemetry: { logs: { level: loud } }\n`);
    expect(faults).toEqual([expect.stringContaining('service::telemetry::logs::level')]);
  });
});

describe('a bad configuration', () => {
  it('gives all faults at once, each with its line, path and the nearest name', async () => {
    const text = `recievers:
receivers:
  otlp:
    protocols:
      http:
        enpoint: localhost:1
        max_request_body_size: lots
  otpl:
processors:
  batch:
    timeout: 5
    send_batch_size: many
exporters:
  debug:
    sending_queue:
      queue_sise: 5
service:
  pipelines:
    metrics:
      receivers: [otlp, otlp/x]
      processors: [bacth]
      exporters: [debug, batch]
    tracess:
      receivers: [otlp]
      exporters: [debug]
    logs:
      receivers: []
`;
    expect(await faultsOf(text)).toEqual([
      'a.yaml:1:1: recievers: unknown section (known: receivers, processors, exporters, connectors, extensions, service, scopes, storage, auth); did you mean "receivers"?',
      expect.stringMatching(
        /^a\.yaml:6:9: receivers::otlp::protocols::http::enpoint: unknown option .*; did you mean "endpoint"\?$/,
      ),
      expect.stringMatching(/^a\.yaml:7:9: receivers::otlp::protocols::http::max_request_body_size: "lots" is not a size/),
      'a.yaml:8:3: receivers::otpl: unknown receiver "otpl" (known: otlp, metrics_only); did you mean "otlp"?',
      'warning: a.yaml:10:3: processors::batch: processor is not used: no pipeline names it',
      'a.yaml:11:5: processors::batch::timeout: "5" is not a duration; write a number with its unit, such as 200ms, 5s or 1m',
      'a.yaml:12:5: processors::batch::send_batch_size: must be a number, not a string',
      expect.stringMatching(
        /^a\.yaml:16:7: exporters::debug::sending_queue::queue_sise: unknown option .*; did you mean "queue_size"\?$/,
      ),
      'a.yaml:20:25: service::pipelines::metrics::receivers::1: references receiver "otlp/x" which is not configured; did you mean "otlp"?',
      'a.yaml:21:20: service::pipelines::metrics::processors::0: references processor "bacth" which is not configured; did you mean "batch"?',
      'a.yaml:22:26: service::pipelines::metrics::exporters::1: references exporter "batch" which is not configured; "batch" is a processor',
      'a.yaml:23:5: service::pipelines::tracess: unknown signal "tracess" (known: metrics, traces, logs); did you mean "traces"?',
      'a.yaml:26:5: service::pipelines::logs::exporters: must have at least one exporter',
      'a.yaml:27:7: service::pipelines::logs::receivers: must have at least one receiver',
    ]);
  });

  it.each([
    ['', 'the configuration is empty'],
    ['# nothing', 'the configuration is empty'],
    ['- a', 'it is not a map'],
    ['a: [', 'cannot read YAML'],
    ['receivers: [otlp]', 'must be a map of receivers'],
    [MINIMAL.replace(/service:[^]*/, ''), 'must have at least one pipeline'],
    [MINIMAL.replace('metrics:', 'metrics/:'), '"metrics/" has no name after its slash'],
    [MINIMAL.replace('metrics:', 'metrics/a b:'), 'is no pipeline name'],
    [MINIMAL.replace('[otlp]', 'otlp'), 'must be a list, not a string'],
    [MINIMAL.replace('[debug]', '[debug, debug]'), 'names exporter "debug" twice'],
    [MINIMAL.replace('  debug:', '  1debug:'), 'is no component type'],
    [MINIMAL.replace('  debug:', '  debug/a b:'), 'is no component name'],
    [`${MINIMAL}  ack: later\n`, 'must be one of queued, delivered'],
    [`${MINIMAL}  shutdown_timeout: soon\n`, 'is not a duration'],
    [`${MINIMAL}  extensions: [health_chekc]\nextensions: { health_check: }\n`, 'did you mean "health_check"?'],
  ])('%# %j', async (text, message) => {
    expect((await faultsOf(text)).join('\n')).toContain(message);
  });

  it('a component that does not take the signal', async () => {
    const text = MINIMAL.replaceAll('otlp', 'metrics_only')
      .replace(/protocols:\n\s+http:\n/, '')
      .replace('    metrics:', '    logs:');
    expect(await faultsOf(text)).toContainEqual(
      expect.stringContaining('receiver "metrics_only" does not take logs (it takes metrics)'),
    );
  });

  it('an unreadable file is one fault that names it', async () => {
    const { loadConfig } = await import('../../config/load.ts');
    const loaded = await loadConfig([{ kind: 'file', path: '/nonexistent/x.yaml' }]);
    expect('faults' in loaded && loaded.faults.map(({ message }) => message)).toEqual([
      'cannot read "/nonexistent/x.yaml": no such file',
    ]);
  });

  it('two listeners on one address', async () => {
    const text = MINIMAL.replace(
      'exporters:\n',
      '  otlp/2:\n    protocols: { http: { endpoint: 127.0.0.1:4318 } }\nexporters:\n',
    ).replace('[otlp]', '[otlp, otlp/2]');
    expect(await faultsOf(text)).toEqual([
      'a.yaml:6:26: receivers::otlp/2::protocols::http::endpoint: cannot listen on localhost:4318: receivers::otlp::protocols::http::endpoint listens there already',
    ]);
  });

  it('never shows a secret in a fault', async () => {
    const text = MINIMAL.replace(
      'exporters:\n',
      'exporters:\n  otlp_http:\n    endpoint: http://x\n    token: [hunter2]\n    headers: { authorization: 424242, b: [hunter3] }\n',
    );
    const faults = (await faultsOf(text)).join('\n');
    expect(faults).toContain('exporters::otlp_http::token');
    expect(faults).not.toMatch(/hunter|424242/);
  });
});

describe('the stages of a receiver', () => {
  const text = (metrics: string, traces: string): string => `
receivers: { otlp: { protocols: { http: } } }
processors: { memory_limiter: , memory_limiter/2: , scope: , scope/2: { on_missing: reject }, batch: , sanitize: }
exporters: { debug: }
service:
  pipelines:
    metrics: { receivers: [otlp], processors: [${metrics}], exporters: [debug] }
    traces: { receivers: [otlp], processors: [${traces}], exporters: [debug] }
`;
  const errors = async (...stages: [string, string]): Promise<string[]> =>
    (await faultsOf(text(...stages))).filter((line) => !line.startsWith('warning: ') || line.includes('applies here'));

  it('stand first, in either order', async () => {
    expect(await errors('memory_limiter, scope, batch', 'scope, memory_limiter')).toEqual([]);
  });

  it('stand nowhere else', async () => {
    expect(await errors('batch, memory_limiter, scope', 'memory_limiter, scope')).toEqual([
      'a.yaml:7:55: service::pipelines::metrics::processors::1: "memory_limiter" must stand before all other processors: it belongs to the receiver and runs first',
      'a.yaml:7:71: service::pipelines::metrics::processors::2: "scope" must stand before all other processors: it belongs to the receiver and runs first',
    ]);
  });

  it('are at most one each', async () => {
    expect(await errors('scope, scope/2', 'scope')).toEqual([
      expect.stringContaining('"scope/2" is a second scope stage in one pipeline'),
    ]);
  });

  it('must be the same in pipelines that share the receiver', async () => {
    expect(await errors('scope', 'scope/2')).toEqual([
      'a.yaml:8:5: service::pipelines::traces: shares a receiver with metrics, so both must name the same scope stage (here scope/2, there scope)',
    ]);
    expect(await errors('memory_limiter', 'memory_limiter/2')).toEqual([expect.stringContaining('the same memory_limiter')]);
  });

  it('a limiter that one pipeline leaves out applies to it too, said as a warning', async () => {
    const { plan } = await planOf(text('memory_limiter, batch', 'batch'));
    expect(plan.pipelines.map(({ processors }) => processors)).toEqual([
      ['memory_limiter', 'batch'],
      ['memory_limiter', 'batch'],
    ]);
    expect(await errors('memory_limiter, batch', 'batch')).toEqual([
      expect.stringContaining('its "memory_limiter" applies here too'),
    ]);
  });
});

describe('components that only the Go collector has', () => {
  const text = `receivers:
  otlp:
    protocols:
      http:
  prometheus:
    config: { scrape_configs: [] }
processors:
  batch:
  k8sattributes:
exporters:
  debug:
  prometheusremotewrite:
    endpoint: http://x
connectors:
  spanmetrics:
extensions:
  zpages:
service:
  extensions: [zpages]
  pipelines:
    metrics:
      receivers: [otlp, prometheus]
      processors: [k8sattributes, batch]
      exporters: [prometheusremotewrite, debug]
    metrics/spans:
      receivers: [spanmetrics]
      exporters: [debug]
    traces:
      receivers: [otlp]
      exporters: [spanmetrics, debug]
    profiles:
      receivers: [otlp]
      exporters: [debug]
`;

  it('are faults with their line and what to use instead', async () => {
    const faults = await faultsOf(text);
    for (const [line, name] of [
      [5, 'receiver "prometheus"'],
      [9, 'processor "k8sattributes"'],
      [12, 'exporter "prometheusremotewrite"'],
      [15, 'connector "spanmetrics"'],
      [17, 'extension "zpages"'],
    ] as const) {
      expect(faults).toContainEqual(
        expect.stringMatching(new RegExp(`^a\\.yaml:${line}:3: .*Periscope has no ${name}; instead: .+`)),
      );
    }
  });

  it('--skip-unsupported leaves them out with the pipelines that become empty, and says so', async () => {
    const { plan, warnings } = await planOf(text, { skipUnsupported: true });
    expect(plan.pipelines).toEqual([
      { id: 'metrics', signal: 'metrics', receivers: ['otlp'], processors: ['batch'], exporters: ['debug'] },
      { id: 'traces', signal: 'traces', receivers: ['otlp'], processors: [], exporters: ['debug'] },
    ]);
    expect(plan.extensions).toEqual([]);
    const said = warnings.map(({ path, message }) => `${path}: ${message}`);
    expect(said).toContainEqual('service::pipelines::metrics/spans: left out: none of its receivers (spanmetrics) is supported');
    expect(said).toContainEqual('service::pipelines::profiles: left out: Periscope has no signal profiles');
    expect(warnings.filter(({ unsupported }) => unsupported !== undefined)).toHaveLength(5);
  });

  it('--skip-unsupported hides no other fault', async () => {
    expect((await faultsOf(text.replace('[k8sattributes, batch]', '[bacth]'), { skipUnsupported: true })).join('\n')).toContain(
      'did you mean "batch"?',
    );
  });

  it('with nothing left to run it is still a fault', async () => {
    const only = MINIMAL.replace('  debug:', '  kafka:').replace('[debug]', '[kafka]');
    expect(await faultsOf(only, { skipUnsupported: true })).toContainEqual(
      expect.stringContaining('must have at least one pipeline'),
    );
  });
});
