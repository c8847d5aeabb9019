import { spawnSync } from 'node:child_process';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { SIGNALS } from '../../pipeline/signal.ts';
import { encode, numbered } from '../support/build.ts';
import { Collector, MAIN, yamlOf } from '../support/collector.ts';
import { attributeOf, itemsOf } from '../support/items.ts';
import { OtlpSink } from '../support/otlp-sink.ts';
import { decode } from '../support/reference/otlp.ts';

const DEBUG = '  debug: { verbosity: basic }\n';

/** A port of 127.0.0.1 that somebody listens on, or that nobody does once `close` was called. */
async function occupiedPort(): Promise<{ port: number; close: () => Promise<void> }> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = async (): Promise<void> => {
    server.close();
    await once(server, 'close');
  };
  return { port: (server.address() as AddressInfo).port, close };
}

/** What a failed start says: its last line, without a stack. */
function complaint(output: string): string {
  const lines = output
    .trim()
    .split('\n')
    .filter((line) => line.startsWith('periscope:'));
  expect(output).not.toMatch(/^\s+at /m);
  expect(lines).toHaveLength(1);
  return lines[0] ?? '';
}

describe('a start', () => {
  it('goes by the name of the program too: npx in a clone runs the file itself', () => {
    const { status, stdout } = spawnSync(MAIN, ['--version'], { encoding: 'utf8' });
    expect([status, stdout.trim()]).toEqual([0, expect.stringMatching(/^\d+\.\d+\.\d+$/)]);
  });

  it('says where it listens, as which scope and why, and how to send something', async () => {
    await using collector = await Collector.start(yamlOf({ exporters: DEBUG }), { env: { DASHBOARD_SCOPE: 'DEVELOPMENT' } });
    expect(collector.output).toMatch(/otlp\s+http:\/\/127\.0\.0\.1:\d+/);
    expect(collector.output).toMatch(/scope\s+DEVELOPMENT\s+\(.*DASHBOARD_SCOPE/);
    expect(collector.output).toContain(`OTEL_EXPORTER_OTLP_ENDPOINT=${collector.url()}`);
    expect(collector.output).toContain('OTEL_METRIC_EXPORT_INTERVAL=5000');
  });

  it('answers health with every component once it runs', async () => {
    await using collector = await Collector.start(yamlOf({ exporters: DEBUG }));
    const response = await fetch(collector.url('health_check'));
    expect(response.status).toBe(200);
    expect(JSON.stringify(await response.json())).toMatch(/"otlp"[\s\S]*"debug"|"debug"[\s\S]*"otlp"/);
  });

  it('ends with one line when the port is taken', async () => {
    const { port, close } = await occupiedPort();
    try {
      const yaml = yamlOf({ exporters: DEBUG }).replace('endpoint: 127.0.0.1:0', `endpoint: 127.0.0.1:${port}`);
      await using collector = await Collector.spawn(yaml);
      expect(await collector.exited).toEqual({ code: 1, signal: null });
      expect(complaint(collector.output)).toMatch(new RegExp(`cannot .*${port}.*`));
    } finally {
      await close();
    }
  });

  it('ends with one line when a file exporter cannot write', async () => {
    await using collector = await Collector.spawn(yamlOf({ exporters: '  file: { path: /dev/null/here.jsonl }\n' }));
    expect(await collector.exited).toEqual({ code: 1, signal: null });
    expect(complaint(collector.output)).toMatch(/cannot .*\/dev\/null/);
  });

  it('names every fault of a configuration at its line', async () => {
    const yaml = yamlOf({ exporters: '  debgu:\n  otlp_http: { endpoint: nowhere }\n' });
    await using collector = await Collector.spawn(yaml);
    expect(await collector.exited).toEqual({ code: 1, signal: null });
    expect(collector.output).toMatch(/periscope\.yaml:\d+:\d+.*debgu/);
    expect(collector.output).toMatch(/periscope\.yaml:\d+:\d+.*endpoint/);
    expect(collector.output).toContain('debug');
  });

  it('does not wait for a destination that cannot be reached', async () => {
    const { port, close } = await occupiedPort();
    await close();
    const exporters = `  otlp_http: { endpoint: "http://127.0.0.1:${port}", compression: none, retry_on_failure: { initial_interval: 20ms, max_interval: 20ms } }\n`;
    await using collector = await Collector.start(yamlOf({ exporters }));
    const answer = await collector.send('/v1/logs', encode('logs', numbered('logs', 10)));
    expect(answer.status).toBe(200);
    const [row] = (await collector.ledger()).exporters;
    expect(row).toMatchObject({ exporter: 'otlp_http', signal: 'logs', routed: 10, exported: 0, inFlight: 10 });

    const sink = await OtlpSink.start(undefined, { port });
    try {
      await sink.received(1);
      expect(await collector.stop()).toEqual({ code: 0, signal: null });
      expect(sink.bodies('logs').flatMap((body) => itemsOf('logs', decode('logs', body)))).toHaveLength(10);
    } finally {
      await sink.close();
    }
  });
});

describe('a stop', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('by %s delivers everything that was acknowledged, and says so', async (signal) => {
    // The destination is slower than the senders, so that there is something left to drain.
    const sink = await OtlpSink.start(() => ({ delayMs: 30 }));
    try {
      const exporters = `  otlp_http: { endpoint: "${sink.url}", compression: none, sending_queue: { num_consumers: 2 } }\n`;
      await using collector = await Collector.start(yamlOf({ exporters }));
      let acknowledged = 0;
      for (let request = 0; request < 40; request++) {
        for (const of of SIGNALS) {
          const answer = await collector.send(`/v1/${of}`, encode(of, numbered(of, 25)));
          if (answer.status === 200) acknowledged += 25;
        }
      }
      expect(acknowledged).toBe(40 * 3 * 25);
      expect(await collector.stop(signal)).toEqual({ code: 0, signal: null });
      const arrived = SIGNALS.flatMap((of) => sink.bodies(of).flatMap((body) => itemsOf(of, decode(of, body))));
      expect(arrived).toHaveLength(acknowledged);
      expect(new Set(arrived.map(({ item }) => attributeOf(item, 'n'))).size).toBe(25);
      expect(collector.output).toMatch(/otlp_http: delivered 1,000 data points, 1,000 spans, 1,000 log records$/m);
    } finally {
      await sink.close();
    }
  });

  it('flushes what a batch still holds', async () => {
    const sink = await OtlpSink.start();
    try {
      const exporters = `  otlp_http: { endpoint: "${sink.url}" }\n`;
      await using collector = await Collector.start(
        yamlOf({ exporters, processors: '  batch: { timeout: 1h }\n', chain: ['batch'] }),
      );
      await collector.send('/v1/traces', encode('traces', numbered('traces', 7)));
      expect(sink.requests).toHaveLength(0);
      await collector.stop();
      expect(sink.bodies('traces').flatMap((body) => itemsOf('traces', decode('traces', body)))).toHaveLength(7);
    } finally {
      await sink.close();
    }
  });

  it('keeps to service.shutdown_timeout when a destination hangs, and says what was not delivered', async () => {
    const sink = await OtlpSink.start(() => ({ hang: true }));
    try {
      const exporters = `  otlp_http: { endpoint: "${sink.url}", timeout: 0 }\n`;
      await using collector = await Collector.start(yamlOf({ exporters, service: '  shutdown_timeout: 300ms\n' }));
      await collector.send('/v1/logs', encode('logs', numbered('logs', 11)));
      expect(await collector.stop()).toEqual({ code: 0, signal: null });
      expect(collector.output).toMatch(/otlp_http: delivered nothing; not delivered: 11 \w+/);
    } finally {
      await sink.close();
    }
  });

  it('is cut short by a second signal, with a code of its own', async () => {
    const sink = await OtlpSink.start(() => ({ hang: true }));
    try {
      await using collector = await Collector.start(
        yamlOf({ exporters: `  otlp_http: { endpoint: "${sink.url}", timeout: 0 }\n`, service: '  shutdown_timeout: 1h\n' }),
      );
      await collector.send('/v1/logs', encode('logs', numbered('logs', 1)));
      collector.process.kill('SIGTERM');
      await collector.says(/stopping/);
      expect(await collector.stop('SIGTERM')).toEqual({ code: 143, signal: null });
    } finally {
      await sink.close();
    }
  });

  it('leaves whole files behind', async () => {
    await using collector = await Collector.start(yamlOf({ exporters: '  file: { path: "$FOLDER/out/{scope}.jsonl" }\n' }), {
      env: { DASHBOARD_SCOPE: 'ENTERPRISE' },
    });
    for (let n = 0; n < 20; n++) await collector.send('/v1/logs', encode('logs', numbered('logs', 50)));
    expect(await collector.stop()).toEqual({ code: 0, signal: null });
    const files = await readdir(join(collector.folder, 'out'));
    expect(files).toEqual(['ENTERPRISE.jsonl']);
    const lines = (await readFile(join(collector.folder, 'out', 'ENTERPRISE.jsonl'), 'utf8')).trim().split('\n');
    const records = lines.flatMap((line) =>
      JSON.parse(line).resourceLogs.flatMap((group: { scopeLogs: { logRecords: unknown[] }[] }) =>
        group.scopeLogs.flatMap((each) => each.logRecords),
      ),
    );
    expect(records).toHaveLength(1000);
  });
});
