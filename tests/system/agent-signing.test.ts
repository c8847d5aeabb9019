import { createHmac } from 'node:crypto';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AGENT_RUNTIMES } from '../support/agent-runtimes.ts';
import { OtlpSink, type SinkRequest } from '../support/otlp-sink.ts';
import { projectIn, runProgram } from '../support/prebuilt-agent.ts';
import { temporaryFolders } from '../support/temporary.ts';

const SECRET = 'shared';
const APP = `
  import { trace } from '@opentelemetry/api';
  const { engine, flush } = await import(process.env.BUNDLE);
  engine.getMeter('shop').createCounter('sold').add(1);
  trace.getTracer('shop').startSpan('pay').end();
  console.log(await flush(30_000));
`;

const folders = temporaryFolders();
let sink: OtlpSink;
beforeEach(async () => {
  sink = await OtlpSink.start();
});
afterEach(() => sink.close());

function isSigned({ headers, body }: SinkRequest): boolean {
  const { 'webhook-id': id, 'webhook-timestamp': seconds, 'webhook-signature': signature } = headers;
  return signature === `v1,${createHmac('sha256', SECRET).update(`${id}.${seconds}.`).update(body).digest('base64')}`;
}

describe.each(AGENT_RUNTIMES)('an enterprise bundle on $name $note', ({ path, target, preload, missing }) => {
  // Each is a file of its own.
  it.skipIf(missing).each(['worker', 'main'])(
    'signs the metrics that it sends from %s, and the spans from their thread',
    async (mode) => {
      const cwd = folders();
      projectIn(cwd, { 'app.js': APP }, { target, variant: 'enterprise' });
      const ended = await runProgram(path, [preload, './agent/index.js', 'app.js'], {
        cwd,
        env: {
          AGENT_MODE: mode,
          AGENT_TRACES: '1',
          AGENT_WEBHOOK_SECRET: SECRET,
          BUNDLE: pathToFileURL(join(cwd, 'agent/index.js')).href,
          OTEL_EXPORTER_OTLP_COMPRESSION: 'none',
          OTEL_EXPORTER_OTLP_ENDPOINT: sink.url,
        },
      });
      expect(ended).toMatchObject({ code: 0, stdout: 'true\n' });
      expect(new Set(sink.requests.map(({ signal }) => signal))).toEqual(new Set(['metrics', 'traces']));
      expect(sink.requests.filter((request) => !isSigned(request))).toEqual([]);
    },
  );
});
