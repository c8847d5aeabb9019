import { readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AGENT_RUNTIMES } from '../support/agent-runtimes.ts';
import { Collector } from '../support/collector.ts';
import { projectIn, runProgram, signalWhen } from '../support/prebuilt-agent.ts';
import { QUERIED_YAML } from '../support/queried-collector.ts';
import { temporaryFolders } from '../support/temporary.ts';

const folders = temporaryFolders();
let collector: Collector;
beforeAll(async () => {
  collector = await Collector.start(QUERIED_YAML);
});
afterAll(() => collector[Symbol.asyncDispose]());

/** Serves one request, which it sends itself, and goes on until it is told to end: that its last span was, nobody has been
 *  told until then. */
const APP = `
  import { createServer } from 'node:http';
  import { metrics, trace } from '@opentelemetry/api';
  import { flush } from './agent/index.js';
  const sizes = metrics.getMeter('shop').createHistogram('shop.size');
  const server = createServer((_request, response) => {
    trace.getTracer('shop').startActiveSpan('price', (span) => {
      sizes.record(7);
      span.end();
      response.end('42');
    });
  });
  server.listen(0, '127.0.0.1', async () => {
    await (await fetch('http://127.0.0.1:' + server.address().port + '/cart')).text();
    await flush(10_000);
    trace.getTracer('shop').startSpan('last').end();
    console.log('served');
  });
`;

async function rows(sql: string): Promise<unknown[][]> {
  const response = await fetch(`${collector.url('dashboard')}/api/v1/sql`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${readFileSync(join(collector.folder, 'state/token'), 'utf8').trim()}`,
    },
    body: JSON.stringify({ sql }),
  });
  expect(response.status, await response.clone().text()).toBe(200);
  return ((await response.json()) as { rows: unknown[][] }).rows;
}

describe.each(AGENT_RUNTIMES)('AGENT_TRACES=1 under $name $note', ({ name, path, preload, target, missing }) => {
  it.skipIf(missing).each(['worker', 'main'])('what an app does is one trace, told when it is killed (%s)', async (mode) => {
    const folder = folders();
    const service = `${name} ${mode}`;
    projectIn(folder, { 'app.js': APP }, { target });
    const ended = await runProgram(path, [preload, './agent/index.js', 'app.js'], {
      cwd: folder,
      env: {
        AGENT_TRACES: '1',
        AGENT_MODE: mode,
        OTEL_SERVICE_NAME: service,
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.url(),
        OTEL_METRIC_EXPORT_INTERVAL: '600000',
      },
      printed: signalWhen('served', 'SIGTERM'),
    });
    expect([ended.code, ended.signal, ended.stderr]).toEqual([null, 'SIGTERM', '']);
    const of = `WHERE ServiceName = '${service}'`;
    const spans = await rows(
      `SELECT SpanName, SpanKind, TraceId, ParentSpanId = '' FROM otel_traces ${of} ORDER BY SpanName, SpanKind`,
    );
    const traceId = spans[0]?.[2];
    // The fetch of Bun is its own, and the official instrumentations do not see it.
    const seen = [
      ['GET', 'Client', traceId, true],
      ['GET', 'Server', traceId, target === 'bun'],
      ['last', 'Internal', expect.not.stringContaining(String(traceId)), true],
      ['price', 'Internal', traceId, false],
    ];
    expect(spans).toEqual(target === 'bun' ? seen.slice(1) : seen);
    expect(
      await rows(
        `SELECT DISTINCT ScopeName, Count FROM otel_metrics_histogram ${of} AND MetricName = 'http.server.request.duration'`,
      ),
    ).toEqual([['@periscope-otel/agent', 1]]);
    const exemplars = await rows(
      `SELECT DISTINCT e.TraceId, ResourceAttributes['service.instance.id'] = (SELECT any_value(ResourceAttributes['service.instance.id']) FROM otel_traces ${of}) FROM (SELECT *, unnest(Exemplars) AS e FROM otel_metrics_histogram ${of} AND MetricName = 'shop.size')`,
    );
    expect(exemplars).toEqual([[traceId, true]]);
  });

  it.skipIf(missing).each([
    ['process.exit', 'process.exit(3);', 3],
    ['an error that nobody catches', "setTimeout(() => { throw new Error('of the app'); });", 1],
    ['the end of the event loop', '', 0],
  ])('spans that have ended arrive at %s', async (end, script, code) => {
    const folder = folders();
    const service = `${name} ends by ${end}`;
    const app = `import { trace } from '@opentelemetry/api';
      import { flush } from './agent/index.js';
      for (let n = 0; n < 600; n++) trace.getTracer('shop').startSpan('pay').end();
      await flush(10_000);
      trace.getTracer('shop').startSpan('last').end();
      ${script}`;
    projectIn(folder, { 'app.js': app }, { target });
    const env = { AGENT_TRACES: '1', OTEL_SERVICE_NAME: service, OTEL_EXPORTER_OTLP_ENDPOINT: collector.url() };
    const ended = await runProgram(path, [preload, './agent/index.js', 'app.js'], { cwd: folder, env });
    expect([ended.code, ended.stderr], ended.stderr).toEqual([code, expect.not.stringContaining('periscope agent')]);
    const found = `SELECT SpanName, count(*)::INT FROM otel_traces WHERE ServiceName = '${service}' GROUP BY ALL ORDER BY ALL`;
    expect(await rows(found)).toEqual([
      ['last', 1],
      ['pay', 600],
    ]);
  });

  it.skipIf(missing).each(['.', 'app'])('finds the packages of a program that is written as %s', async (written) => {
    const folder = folders();
    projectIn(
      folder,
      { 'app.js': 'process.exitCode = 3', 'package.json': '{"name":"shop","type":"module","main":"app.js"}' },
      { target },
    );
    const ended = await runProgram(path, [preload, './agent/index.js', written], {
      cwd: folder,
      env: { AGENT_TRACES: '1', OTEL_EXPORTER_OTLP_ENDPOINT: collector.url() },
    });
    expect(ended).toEqual({ code: 3, signal: null, stdout: '', stderr: '' });
  });

  it.skipIf(missing)('says what is not installed, and measures', async () => {
    const folder = folders();
    // The program is looked at where it really is: in a folder without packages.
    projectIn(folder, { 'app.js': "setInterval(() => undefined, 1000); console.log('served');" }, { target });
    const elsewhere = join(folders(), 'app.js');
    renameSync(join(folder, 'app.js'), elsewhere);
    const ended = await runProgram(path, [preload, './agent/index.js', elsewhere], {
      cwd: folder,
      env: { AGENT_TRACES: '1', OTEL_EXPORTER_OTLP_ENDPOINT: collector.url() },
      printed: signalWhen('served', 'SIGTERM'),
    });
    expect([ended.signal, ended.stderr]).toEqual([
      'SIGTERM',
      expect.stringMatching(/^periscope agent: cannot start traces: .*@opentelemetry\/sdk-node.*; metrics are sent\n$/),
    ]);
  });
});
