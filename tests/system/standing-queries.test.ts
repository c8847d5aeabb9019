import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { Simulation } from '../../agent/demo/simulation.ts';
import type { SqlOptions } from '../../server/stream/protocol.ts';
import { Collector } from '../support/collector.ts';
import { sameRows, type Row } from '../support/reference/standing-rows.ts';
import { standingClient, type StandingClient, type Told } from '../support/standing-client.ts';

/** How long the shop sends; 600 is ten minutes. */
const SECONDS = Number(process.env['PERISCOPE_STANDING_S'] ?? 12);
/** Each step of the shop is followed by a comparison, and none begins before the last has ended. */
const STEP_MS = 2000;
const SETTLES_MS = 20_000;

const YAML = `receivers:
  otlp: { protocols: { http: { endpoint: 127.0.0.1:0 } } }
exporters:
  live:
  windows: { max_age: 1m }
extensions:
  dashboard: { endpoint: "127.0.0.1:0" }
storage: { directory: $FOLDER/state }
service:
  # Windows drop what they have no room for, so an answer does not wait for them (that would be wait_for_result).
  ack: delivered
  extensions: [dashboard]
  pipelines:
    metrics: { receivers: [otlp], exporters: [live, windows] }
    traces: { receivers: [otlp], exporters: [live, windows] }
    logs: { receivers: [otlp], exporters: [live, windows] }
`;

const QUERIES: readonly SqlOptions[] = [
  { sql: 'SELECT ServiceName, Points, Spans, Logs, Errors FROM services', key: ['ServiceName'] },
  {
    sql: 'SELECT ServiceName, SeverityText, count(*) AS n FROM otel_logs GROUP BY ALL ORDER BY n DESC',
    key: ['SeverityText', 'ServiceName'],
  },
  {
    sql: 'SELECT Timestamp, ServiceName, Body, SpanId FROM otel_logs WHERE SeverityNumber >= $least ORDER BY ALL DESC LIMIT 20',
    params: { least: 9 },
  },
  {
    sql: 'SELECT ServiceName, SpanName, quantile_disc(Duration, 0.95) AS p95, count(*) AS n FROM otel_traces GROUP BY ALL',
    key: ['ServiceName', 'SpanName'],
  },
  { sql: 'SELECT MetricName, MetricType, sum(Points)::BIGINT AS points, count(*) AS series FROM series GROUP BY ALL' },
  {
    sql: `SELECT t.ServiceName, count(*) AS logs FROM otel_traces t JOIN otel_logs l USING (TraceId) WHERE t.ParentSpanId = '' GROUP BY ALL`,
    key: ['ServiceName'],
  },
  {
    sql: 'SELECT ServiceName, count(*) AS n FROM otel_traces WHERE epoch_ms(Timestamp) >= epoch_ms(now()) // 60000 * 60000 - 60000 GROUP BY 1',
    key: ['ServiceName'],
  },
  { sql: 'SELECT Category, Topic, SubCat, Id, Value FROM master_perf' },
];

/** A collector, the shop that sends to it, and who polls what others subscribe to. */
class Shop {
  readonly collector: Collector;
  readonly token: string;
  readonly #simulation = new Simulation('7', Date.now());
  items = 0;
  comparisons = 0;

  constructor(collector: Collector) {
    this.collector = collector;
    this.token = readFileSync(join(collector.folder, 'state/token'), 'utf8').trim();
  }

  async step(): Promise<void> {
    for (const { signal, bytes, items } of this.#simulation.step(Date.now()).requests) {
      const answer = await this.collector.send(`/v1/${signal}`, bytes);
      expect(answer.status).toBe(200);
      this.items += items;
    }
  }

  subscribe(): StandingClient {
    return standingClient(this.collector.url('dashboard'), this.token, QUERIES);
  }

  async poll({ sql, params }: SqlOptions): Promise<readonly Row[] | undefined> {
    const response = await fetch(`${this.collector.url('dashboard')}/api/v1/sql`, {
      method: 'POST',
      headers: { authorization: `Bearer ${this.token}`, 'content-type': 'application/json', 'x-dashboard-scope': 'global' },
      body: JSON.stringify({ sql, params, format: 'json' }),
    });
    return response.ok ? ((await response.json()) as { rows: Row[] }).rows : undefined;
  }

  /** Nothing comes: what each subscriber has is what a poll answers, after at most some runs. Returns how long that took. */
  async agree(clients: readonly StandingClient[]): Promise<number> {
    const beganMs = Date.now();
    for (const told of clients.flatMap((client) => client.told)) await this.#agrees(told, beganMs + SETTLES_MS);
    return Date.now() - beganMs;
  }

  async #agrees(told: Told, untilMs: number): Promise<void> {
    for (;;) {
      const polled = await this.poll(told.query);
      expect(told.fault).toBeUndefined();
      if (told.snapshots > 0 && polled !== undefined && sameRows(told.rows, polled)) {
        this.comparisons += 1;
        return;
      }
      if (Date.now() > untilMs) expect({ sql: told.query.sql, rows: told.rows }).toEqual({ sql: told.query.sql, rows: polled });
      await sleep(100);
    }
  }
}

const percentile = (times: readonly number[], share: number): number =>
  times.toSorted((left, right) => left - right)[Math.floor(share * (times.length - 1))] ?? 0;

/** The analytics process, as its parent names it. */
function childOf(collector: Collector): number {
  const [pid] = readFileSync(`/proc/${collector.pid}/task/${collector.pid}/children`, 'utf8').trim().split(' ');
  return Number(pid);
}

describe('standing queries over the live stream', () => {
  it(
    `have the rows that polling the same SELECT answers, after each step of ${SECONDS} s of the demo's traffic`,
    { timeout: (SECONDS + 60) * 10_000 },
    async () => {
      await using collector = await Collector.start(YAML);
      const shop = new Shop(collector);
      const clients = [shop.subscribe()];
      const times: number[] = [];
      try {
        const beganMs = Date.now();
        for (let steps = 0; steps < 3 || Date.now() < beganMs + SECONDS * 1000; steps++) {
          const nextMs = Date.now() + STEP_MS;
          await shop.step();
          // Who comes later has the same.
          if (steps === 2) clients.push(shop.subscribe());
          times.push(await shop.agree(clients));
          await sleep(Math.max(0, nextMs - Date.now()));
        }
        const all = clients.flatMap(({ told }) => told);
        const deltas = all.reduce((sum, told) => sum + told.deltas, 0);
        expect(deltas).toBeGreaterThan(all.length);
        // No second snapshot was needed, and none was asked for.
        expect(all.map(({ snapshots, gaps }) => [snapshots, gaps])).toEqual(all.map(() => [1, 0]));
        if (process.env['PERISCOPE_STANDING_S'] !== undefined)
          console.log(
            `${SECONDS} s: ${shop.items} items in ${times.length} steps, ${shop.comparisons} comparisons and ` +
              `${deltas} deltas; agreed after ${percentile(times, 0.5)} ms p50, ${Math.max(...times)} ms at most`,
          );
      } finally {
        for (const client of clients) client.close();
      }
    },
  );

  it.runIf(process.platform === 'linux')(
    'go on when the process of the windows is killed: with a new snapshot, of what it has then',
    { timeout: 60_000 },
    async () => {
      await using collector = await Collector.start(YAML);
      const shop = new Shop(collector);
      await shop.step();
      const client = shop.subscribe();
      try {
        await shop.agree([client]);
        process.kill(childOf(collector), 'SIGKILL');
        while (client.told.some(({ snapshots }) => snapshots < 2)) await sleep(20);
        await shop.step();
        await shop.agree([client]);
        expect(client.told.map(({ snapshots, fault }) => [snapshots, fault])).toEqual(QUERIES.map(() => [2, undefined]));
      } finally {
        client.close();
      }
    },
  );
});
