import { describe, expect, it } from 'vitest';
import { Simulation } from '../../agent/demo/simulation.ts';
import type { Signal } from '../../pipeline/signal.ts';
import { Collector, yamlOf } from '../support/collector.ts';
import { itemsOf } from '../support/items.ts';
import { otelcol, startOtelcol } from '../support/otelcol.ts';
import { OtlpSink } from '../support/otlp-sink.ts';
import { decode } from '../support/reference/otlp.ts';

const countOf = (sink: OtlpSink, signal: Signal): number =>
  sink.bodies(signal).reduce((sum, body) => sum + itemsOf(signal, decode(signal, body)).length, 0);

describe('periscope run --demo', () => {
  it('sends the shop through the receiver, none of it rejected, and stops without a trace', async () => {
    const sink = await OtlpSink.start();
    try {
      const exporters = `  otlp_http: { endpoint: "${sink.url}", compression: none }\n`;
      await using collector = await Collector.start(yamlOf({ exporters, processors: '  sanitize:\n', chain: ['sanitize'] }), {
        args: ['--demo', '--demo-seed', '5'],
      });
      await collector.says(/demo: a shop of six services sends to http:\S+, seed 5/);
      await sink.received(9);
      const { receivers } = await collector.ledger();
      for (const { accepted, rejected } of receivers) {
        expect(accepted).toBeGreaterThan(0);
        expect(rejected).toEqual({});
      }
      expect(new Set(receivers.map(({ signal }) => signal)).size).toBe(3);
      expect(await collector.stop('SIGINT')).toEqual({ code: 0, signal: null });
      // The demo writes to the same pipe: the output has ended, so it has ended, too.
      expect(collector.output).not.toContain('the shop has ended');
      expect(collector.output).toMatch(/otlp_http: delivered [\d,]+ data points, [\d,]+ spans, [\d,]+ log records/);
    } finally {
      await sink.close();
    }
  });

  it('ends with one line where nothing takes it', async () => {
    const yaml = yamlOf({ exporters: '  debug: { verbosity: basic }\n' }).replace('      http:', '      grpc:');
    await using collector = await Collector.spawn(yaml, { args: ['--demo'] });
    expect(await collector.exited).toEqual({ code: 1, signal: null });
    expect(collector.output).toContain('periscope: cannot start the demo: ');
  });
});

describe.skipIf(otelcol.missing)(`otelcol${otelcol.note}`, () => {
  it('takes all that the shop sends', async () => {
    const sink = await OtlpSink.start();
    const other = await startOtelcol({
      protocols: 'http: { endpoint: "$ENDPOINT" }',
      exporter: `otlp_http: { endpoint: "${sink.url}", compression: none }`,
    });
    const sent = { metrics: 0, traces: 0, logs: 0 };
    try {
      const startMs = Date.now();
      const simulation = new Simulation('1', startMs);
      for (let atMs = startMs; atMs <= startMs + 90_000; atMs += 500) {
        for (const { signal, bytes, items } of simulation.step(atMs).requests) {
          const answer = await fetch(`http://${other.address}/v1/${signal}`, {
            method: 'POST',
            headers: { 'content-type': 'application/x-protobuf' },
            body: bytes as NonNullable<RequestInit['body']>,
          });
          expect(answer.status).toBe(200);
          // Nothing was rejected.
          expect(Buffer.from(await answer.arrayBuffer()).toString('hex')).toMatch(/^(0a00)?$/);
          sent[signal] += items;
        }
      }
    } finally {
      await other.stop();
      await sink.close();
    }
    expect({ metrics: countOf(sink, 'metrics'), traces: countOf(sink, 'traces'), logs: countOf(sink, 'logs') }).toEqual(sent);
  });
});
