import { afterEach, describe, expect, it } from 'vitest';
import { startCollector, type EmbeddedCollector } from '../../agent/embed.ts';
import { encode, numbered } from '../support/build.ts';
import { OtlpSink } from '../support/otlp-sink.ts';

const CONFIG = (sink: string): string => `yaml:
receivers: { otlp: { protocols: { http: { endpoint: "127.0.0.1:0" } } } }
processors: { batch: }
exporters: { otlp_http: { endpoint: "${sink}" } }
service: { pipelines: { logs: { receivers: [otlp], processors: [batch], exporters: [otlp_http] } } }
`;

describe('a collector inside this process', () => {
  let sink: OtlpSink | undefined;
  let collector: EmbeddedCollector | undefined;
  afterEach(async () => {
    await collector?.stop();
    await sink?.close();
  });

  it('takes, counts and delivers like the one of its own; stop drains and is safe twice', async () => {
    sink = await OtlpSink.start();
    const signals = process.listenerCount('SIGTERM');
    const lines: string[] = [];
    collector = await startCollector({ config: CONFIG(sink.url), log: (line) => lines.push(line) });
    const answer = await fetch(`${collector.urls[0]}/v1/logs`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-protobuf' },
      body: encode('logs', numbered('logs', 7)) as NonNullable<RequestInit['body']>,
    });
    expect(answer.status).toBe(200);
    expect(collector.status().map(({ id, state }) => [id, state])).toContainEqual(['otlp', 'ok']);
    await collector.stop();
    await collector.stop();
    expect(collector.ledger().exporters).toMatchObject([
      { exporter: 'otlp_http', signal: 'logs', routed: 7, exported: 7, inFlight: 0 },
    ]);
    expect(sink.requests).toHaveLength(1);
    expect(process.listenerCount('SIGTERM')).toBe(signals);
  });

  it('rejects with all faults of a bad configuration and leaves the process as it was', async () => {
    await expect(startCollector({ config: CONFIG('nowhere'), set: ['service.ack=x'] })).rejects.toThrow(/2 faults/);
    expect(process.exitCode).toBeUndefined();
  });
});
