import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { examine, type Line } from '../../../../agent/instrument/doctor/examination.ts';
import { TEST_METRIC } from '../../../../agent/instrument/doctor/test-point.ts';
import { pointsOf } from '../../../support/metric-points.ts';
import { OtlpSink } from '../../../support/otlp-sink.ts';
import { decode } from '../../../support/reference/otlp.ts';
import { temporaryFolders } from '../../../support/temporary.ts';

const folders = temporaryFolders();
const sinks: OtlpSink[] = [];
afterEach(async () => {
  for (const sink of sinks.splice(0)) await sink.close();
});

async function destination(script?: Parameters<typeof OtlpSink.start>[0]): Promise<OtlpSink> {
  const sink = await OtlpSink.start(script);
  sinks.push(sink);
  return sink;
}

async function linesFor(environment: Record<string, string>, folder = folders()): Promise<readonly Line[]> {
  const sections = await examine({ folder, environment, program: undefined });
  return sections.flatMap(({ lines }) => lines);
}
const texts = (lines: readonly Line[], mark: Line['mark']): string[] =>
  lines.filter((line) => line.mark === mark).map(({ text }) => text);

describe('the test point', () => {
  it('arrives as the agent would send it: with its resource, headers and compression', async () => {
    const sink = await destination();
    const lines = await linesFor({
      OTEL_EXPORTER_OTLP_ENDPOINT: sink.url,
      OTEL_EXPORTER_OTLP_HEADERS: 'x-tenant=acme',
      OTEL_SERVICE_NAME: 'shop',
      DASHBOARD_SCOPE: 'DEVELOPMENT',
    });
    expect(texts(lines, 'ok').join()).toMatch(/status 200 after \d+ ms: the test point was taken/);
    const [request] = sink.requests;
    expect(request).toMatchObject({ path: '/v1/metrics', headers: { 'x-tenant': 'acme', 'content-encoding': 'gzip' } });
    expect(pointsOf([request!.body])).toMatchObject([{ metric: TEST_METRIC, value: 1 }]);
    expect(
      JSON.stringify(decode('metrics', request!.body)['resourceMetrics'], (_key, value: unknown) =>
        typeof value === 'bigint' ? Number(value) : value,
      ),
    ).toMatch(/"shop".*"DEVELOPMENT"|"DEVELOPMENT".*"shop"/s);
    expect(texts(lines, 'note')).toEqual(
      expect.arrayContaining([
        'as service.name shop',
        'of scope DEVELOPMENT',
        'with headers x-tenant (their values are not shown)',
      ]),
    );
    expect(lines.map(({ text }) => text).join()).not.toContain('acme');
  });

  it.each([
    [{ status: 401, body: 'no token' }, /status 401 .*credentials.*no token/],
    [{ status: 404 }, /status 404 .*nothing takes metrics at this path/],
    [{ status: 503 }, /status 503 .*refused/],
    [{ reset: true }, /cannot send the test point/],
    // ExportMetricsServiceResponse { partial_success { rejected_data_points: 1, error_message: "scope" } }
    [{ body: Buffer.from([10, 9, 8, 1, 18, 5, ...Buffer.from('scope')]) }, /rejected: scope/],
  ])('an answer %j is told for what it is', async (answer, said) => {
    const sink = await destination(() => answer);
    expect(texts(await linesFor({ OTEL_EXPORTER_OTLP_ENDPOINT: sink.url }), 'bad').join()).toMatch(said);
  });

  it('nobody listening, and nobody answering, are told apart', async () => {
    const gone = await destination();
    const { url } = gone;
    await gone.close();
    expect(texts(await linesFor({ OTEL_EXPORTER_OTLP_ENDPOINT: url }), 'bad').join()).toContain(`nobody listens at ${url}`);
    const hanging = await destination(() => ({ hang: true }));
    const lines = await linesFor({ OTEL_EXPORTER_OTLP_ENDPOINT: hanging.url, OTEL_EXPORTER_OTLP_TIMEOUT: '50' });
    expect(texts(lines, 'bad').join()).toContain('within 50 ms');
  });

  it.each([{ OTEL_SDK_DISABLED: 'true' }, { AGENT_MODE: 'none' }, { OTEL_METRICS_EXPORTER: 'none' }])(
    'is not sent where export is switched off: %j',
    async (off) => {
      const sink = await destination();
      const lines = await linesFor({ OTEL_EXPORTER_OTLP_ENDPOINT: sink.url, ...off });
      expect(sink.seen).toBe(0);
      expect(texts(lines, 'bad')).toContain('nowhere: export is switched off');
    },
  );
});

describe('what is instrumented', () => {
  it('is told, with why something is not', async () => {
    const lines = await linesFor({ AGENT_MODE: 'none', OTEL_NODE_DISABLED_INSTRUMENTATIONS: 'express' });
    expect(texts(lines, 'ok')).toEqual(
      expect.arrayContaining(['http-server', 'http-client', 'fetch', 'fastify', 'runtime', 'process']),
    );
    expect(texts(lines, 'off').join()).toMatch(/bun-serve: .*express: it is disabled/);
  });
});

describe('what stands in the way', () => {
  it('is a copy of the API that is newer than the one the agent registers with', async () => {
    const folder = folders();
    for (const [path, version] of [
      ['node_modules/@opentelemetry/api', '1.9.1'],
      ['node_modules/tool/node_modules/@opentelemetry/api', '1.10.0'],
      ['node_modules/old/node_modules/@opentelemetry/api', '1.4.0'],
    ] as const) {
      mkdirSync(join(folder, path), { recursive: true });
      writeFileSync(join(folder, path, 'package.json'), JSON.stringify({ version }));
    }
    const lines = await linesFor({ AGENT_MODE: 'none' }, folder);
    expect(texts(lines, 'ok').join()).toContain('1.9.1  node_modules/@opentelemetry/api, with which the agent registers');
    expect(texts(lines, 'bad').join()).toContain(
      '1.10.0  node_modules/tool/node_modules/@opentelemetry/api: what it measures goes nowhere',
    );
    expect(texts(lines, 'note').join()).toContain('1.4.0');
  });

  it('is that there is no copy for the program; that beside the agent serves its packages', async () => {
    const lines = await linesFor({ AGENT_MODE: 'none' });
    expect(texts(lines, 'bad').join()).toContain('npm install @opentelemetry/api');
    expect(texts(lines, 'ok').join()).toMatch(/node_modules.@opentelemetry.api, with which the agent registers/);
  });

  it('is a copy of another major version: the agent registers with that beside itself', async () => {
    const folder = folders();
    mkdirSync(join(folder, 'node_modules/@opentelemetry/api'), { recursive: true });
    writeFileSync(join(folder, 'node_modules/@opentelemetry/api/package.json'), '{"version":"2.0.0"}');
    const lines = await linesFor({ AGENT_MODE: 'none' }, folder);
    expect(texts(lines, 'bad').join()).toContain('2.0.0  node_modules/@opentelemetry/api: what it measures goes nowhere');
    expect(texts(lines, 'ok').join()).not.toContain('2.0.0');
  });

  it('is looked for from the program that is named', async () => {
    const folder = folders();
    mkdirSync(join(folder, 'shop/node_modules/@opentelemetry/api'), { recursive: true });
    writeFileSync(join(folder, 'shop/node_modules/@opentelemetry/api/package.json'), '{"version":"1.4.0"}');
    writeFileSync(join(folder, 'shop/package.json'), '{"name":"shop"}');
    const program = join(folder, 'shop/app.js');
    const sections = await examine({ folder, environment: { AGENT_MODE: 'none' }, program });
    const lines = sections.flatMap((section) => section.lines);
    expect(texts(lines, 'ok')).toContain('1.4.0  shop/node_modules/@opentelemetry/api, with which the agent registers');
    expect(texts(lines, 'note')).toContain('as service.name shop');
  });

  it('is a variable with a bad value; a password in an address is not shown', async () => {
    const lines = await linesFor({
      OTEL_METRIC_EXPORT_INTERVAL: 'soon',
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://me:secret@127.0.0.1:9',
      OTEL_EXPORTER_OTLP_TIMEOUT: '200',
    });
    expect(texts(lines, 'bad').join()).toContain('cannot use OTEL_METRIC_EXPORT_INTERVAL');
    expect(lines.map(({ text }) => text).join()).not.toContain('secret');
  });
});
