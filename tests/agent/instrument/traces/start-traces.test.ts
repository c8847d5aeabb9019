import { symlinkSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { context, propagation, trace } from '@opentelemetry/api';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { startTraces, type Traces } from '../../../../agent/instrument/traces/start-traces.ts';
import { readSettings } from '../../../../agent/instrument/settings.ts';
import { attributesOf } from '../../../support/metric-points.ts';
import { OtlpSink } from '../../../support/otlp-sink.ts';
import { decode, type Tree } from '../../../support/reference/otlp.ts';
import { temporaryFolders } from '../../../support/temporary.ts';

const folders = temporaryFolders();
let sink: OtlpSink;
let traces: Traces | undefined;
beforeEach(async () => {
  sink = await OtlpSink.start();
});
afterEach(async () => {
  await traces?.shutdown();
  traces = undefined;
  for (const api of [trace, context, propagation]) api.disable();
  await sink.close();
  vi.unstubAllEnvs();
});

const instrumentations = { enabled: [], disabled: [] };
const resource = { 'service.name': 'shop', 'service.version': undefined };
/** On this thread. */
const here = () => ({
  otlp: readSettings({ AGENT_TRACES: '1', OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${sink.url}/v1/traces` }, fail).traces!,
  workerUrl: undefined,
  line: () => undefined,
});
const fail = (line: string): never => {
  throw new Error(line);
};
const groups = (): Tree[] =>
  sink.bodies('traces').flatMap((body) => decode('traces', body)['resourceSpans'] as unknown as Tree[]);

describe('traces by the official SDK', () => {
  it('arrive when they are flushed, with the resource that they are given, and no others of any signal', async () => {
    vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', 'http://127.0.0.1:1');
    traces = startTraces({ ...here(), resource, instrumentations });
    trace.getTracer('shop').startSpan('pay').end();
    await traces.flush(5000);
    expect(groups()).toMatchObject([{ scopeSpans: [{ scope: { name: 'shop' }, spans: [{ name: 'pay' }] }] }]);
    expect(groups().map(({ resource: given }) => attributesOf((given as Tree)['attributes']))).toEqual([
      { 'service.name': 'shop' },
    ]);
    expect(sink.requests.map(({ path }) => path)).toEqual(['/v1/traces']);
    expect(process.env['OTEL_LOGS_EXPORTER']).toBeUndefined();
  });

  it('are given up in time when nobody answers', async () => {
    sink.script = () => ({ hang: true });
    traces = startTraces({ ...here(), resource, instrumentations });
    trace.getTracer('shop').startSpan('pay').end();
    // It comes back, and long before the exporter gives up by itself.
    expect(await Promise.race([traces.flush(50).then(() => 'flushed'), setTimeout(5000, 'waiting', { ref: false })])).toBe(
      'flushed',
    );
  });

  it('are of the packages of the program that a command is a link to', async () => {
    const program = `${folders()}/command`;
    symlinkSync(fileURLToPath(import.meta.url), program);
    traces = startTraces({ ...here(), resource, instrumentations, program });
    trace.getTracer('shop').startSpan('pay').end();
    await traces.flush(5000);
    expect(groups()).toMatchObject([{ scopeSpans: [{ spans: [{ name: 'pay' }] }] }]);
  });

  it('cannot start where the SDK is not installed', () => {
    const program = `${folders()}/app.js`;
    const start = () => startTraces({ ...here(), resource, instrumentations, program });
    expect(start).toThrow(/Cannot find module '@opentelemetry\/sdk-node'/);
  });
});
