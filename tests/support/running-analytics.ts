import { afterEach } from 'vitest';
import { AnalyticsClient, type ClientOptions } from '../../analytics/client/analytics-client.ts';
import type { AnalyticsUse, SqlQuery, WindowBounds } from '../../pipeline/analytics.ts';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ScopedBatch } from '../../pipeline/batch/scoped-batch.ts';
import { systemClock } from '../../pipeline/clock.ts';
import { quietContext, type LogLine } from './contexts.ts';
import { scopedBatchOf } from './scoped-batches.ts';

export const WINDOW_BOUNDS: WindowBounds = {
  maxAgeMs: 3_600_000,
  maxRows: 1_000_000,
  maxBytes: 256 * 1024 * 1024,
  memoryBytes: 512 * 1024 * 1024,
  maxScopes: 8,
};

export interface RunningAnalytics {
  readonly client: AnalyticsClient;
  readonly lines: readonly LogLine[];
  /** Opens it; nobody has asked yet. */
  begin(bounds?: Partial<WindowBounds>): Promise<AnalyticsUse>;
  /** Resolves when it runs, or its first life has ended: somebody asked. */
  open(bounds?: Partial<WindowBounds>): Promise<AnalyticsUse>;
  /** Rows of a query, or the code of its fault. */
  ask(scope: string, sql: string, more?: Partial<SqlQuery>): Promise<unknown>;
}

/** The analytics process itself, as the build has it; ended after each test. */
export function runningAnalytics(): (options?: ClientOptions) => RunningAnalytics {
  const uses: AnalyticsUse[] = [];
  afterEach(async () => {
    for (const use of uses.splice(0)) await use.release(5000);
  });
  return (options = {}) => {
    const { lines, log } = quietContext(systemClock);
    const client = new AnalyticsClient(() => log, options);
    const begin = async (bounds: Partial<WindowBounds> = {}): Promise<AnalyticsUse> => {
      const use = await client.open({ ...WINDOW_BOUNDS, ...bounds });
      uses.push(use);
      return use;
    };
    return {
      client,
      lines,
      begin,
      async open(bounds) {
        const use = await begin(bounds);
        if (client.status().state === 'stopped') void client.tables('A', new AbortController().signal);
        while (client.status().state === 'starting') await sleep(5);
        return use;
      },
      async ask(scope, sql, more = {}) {
        const query: SqlQuery = { sql, format: 'json', timeoutMs: 10_000, maxRows: 1000, maxBytes: 1024 * 1024, ...more };
        const answer = await client.query(scope, query, new AbortController().signal);
        return answer.ok ? (JSON.parse(Buffer.from(answer.body).toString()) as unknown) : answer.code;
      },
    };
  };
}

/** Log records with these bodies, a second apart. */
export function logsOf(scope: string, ...bodies: readonly string[]): ScopedBatch {
  const nowMs = Date.now();
  const logRecords = bodies.map((text, at) => ({
    timeUnixNano: `${nowMs + at * 1000}000000`,
    severityNumber: 9,
    severityText: 'INFO',
    body: { stringValue: text },
  }));
  const resource = { attributes: [{ key: 'service.name', value: { stringValue: 'shop' } }] };
  return scopedBatchOf('logs', { resourceLogs: [{ resource, scopeLogs: [{ logRecords }] }] }, bodies.length, scope);
}
