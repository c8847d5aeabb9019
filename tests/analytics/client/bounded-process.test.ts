import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { boundedLaunch, dataLimitBytes, withinLimit } from '../../../analytics/client/bounded-process.ts';
import { logsOf, runningAnalytics, WINDOW_BOUNDS } from '../../support/running-analytics.ts';

const begin = runningAnalytics();
const isLinux = process.platform === 'linux';

describe('the end of the memory of the analytics process', () => {
  it('is above what its windows and queries may take, and rises with the scopes it may open', () => {
    const bytes = dataLimitBytes(WINDOW_BOUNDS);
    expect(bytes).toBeGreaterThan(WINDOW_BOUNDS.memoryBytes);
    expect(dataLimitBytes({ ...WINDOW_BOUNDS, memoryBytes: WINDOW_BOUNDS.memoryBytes + 5 })).toBe(bytes + 5);
    expect(dataLimitBytes({ ...WINDOW_BOUNDS, maxScopes: 1000 })).toBeGreaterThanOrEqual(bytes);
  });

  it('stays when bounds rise while it runs: what is beyond it is not promised', () => {
    const end = dataLimitBytes(WINDOW_BOUNDS);
    const more = { ...WINDOW_BOUNDS, memoryBytes: WINDOW_BOUNDS.memoryBytes * 4 };
    const less = { ...WINDOW_BOUNDS, memoryBytes: WINDOW_BOUNDS.memoryBytes / 2 };
    expect(withinLimit(more, end)).toEqual(WINDOW_BOUNDS);
    expect(withinLimit(less, end)).toBe(less);
    expect(withinLimit(WINDOW_BOUNDS, end)).toBe(WINDOW_BOUNDS);
    expect(withinLimit(more, undefined)).toBe(more);
    expect(withinLimit(more, 0).memoryBytes).toBe(64 * 1024 * 1024);
  });

  it.skipIf(!isLinux)('is set by the system, and a raise that it does not carry is told', async () => {
    const { client, open, begin: use, lines } = begin();
    await open();
    const { pid } = client.status();
    const limit = /^Max data size\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/limits`, 'utf8'))?.[1];
    expect(Number(limit)).toBe(boundedLaunch(WINDOW_BOUNDS).dataBytes);
    await use({ memoryBytes: WINDOW_BOUNDS.memoryBytes / 2 });
    expect(lines).toEqual([]);
    await use({ memoryBytes: WINDOW_BOUNDS.memoryBytes * 2 });
    expect(lines.map(({ message }) => message)).toEqual([
      'the analytics process has less memory than is configured, until it is started again',
    ]);
    expect(client.status().pid).toBe(pid);
  });
});

/** Each took more than there is in a call that hears no interrupt, and the process was killed for it. */
describe.skipIf(!isLinux)('a query that takes gigabytes', () => {
  it.each([
    ['in a list of texts', "SELECT len([repeat('x', 1000) for i in range(1000000)])"],
    ['in a list of lists', 'SELECT len(list_transform(range(1000), x -> range(100000)))'],
    ['in a text of all rows', "SELECT length(string_agg(repeat('x', 1000000), '')) FROM range(3000)"],
    ['in a list of all rows', "SELECT len(list(repeat('x', 1000000))) FROM range(3000)"],
    ['in JSON of all rows', "SELECT length(json_group_array(repeat('x', 1000000))) FROM range(3000)"],
    [
      'in a text that doubles',
      "WITH RECURSIVE t AS (SELECT 'x' AS s, 1 AS n UNION ALL SELECT s || s, n + 1 FROM t WHERE n < 40) SELECT max(length(s)) FROM t",
    ],
    ['in a list that doubles', 'SELECT len(list_reduce(list_transform(range(1, 40), z -> [1, 2]), (a, x) -> list_concat(a, a)))'],
  ])(
    '%s fails by itself: the process, the windows of others and its own scope live on',
    async (_, sql) => {
      const { client, open, ask } = begin();
      await open({ memoryBytes: 256 * 1024 * 1024, maxScopes: 2 });
      await client.append(logsOf('B', 'theirs'), new AbortController().signal);
      const { pid } = client.status();
      // On a busy machine it takes its time to come to that end; before it, a query that is over its time is told to end,
      // does not hear that, and costs the process its life.
      expect(await ask('A', sql, { timeoutMs: 100_000 })).toBe('SQL_MEMORY');
      expect(client.status()).toMatchObject({ state: 'running', pid, restarts: 0 });
      expect(await ask('B', 'SELECT Body FROM otel_logs')).toEqual([['theirs']]);
      expect(await ask('A', 'SELECT 1')).toEqual([[1]]);
    },
    150_000,
  );
});
