import { readFileSync, readdirSync } from 'node:fs';
import { availableParallelism, constants, getPriority } from 'node:os';
import { describe, expect, it } from 'vitest';
import { yieldPoolThreads } from '../../analytics/query-threads.ts';
import { LIMITS } from '../../pipeline/limits.ts';
import { logsOf, runningAnalytics } from '../support/running-analytics.ts';

const analytics = runningAnalytics();
const never = new AbortController().signal;
/** What /proc tells of a thread, behind its name, which may have blanks: the 19th field is the 17th here. */
const NICENESS_FIELD = 16;

function niceness(pid: number, thread: number): number {
  const stat = readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[NICENESS_FIELD]);
}

/** Threads of a process by their niceness, its main thread left out. */
function threadsByNiceness(pid: number): Map<number, number> {
  const counts = new Map<number, number>();
  for (const thread of readdirSync(`/proc/${pid}/task`).map(Number)) {
    if (thread === pid) continue;
    const nice = niceness(pid, thread);
    counts.set(nice, (counts.get(nice) ?? 0) + 1);
  }
  return counts;
}

describe.skipIf(process.platform !== 'linux')('threads of the analytics process that answer questions', () => {
  const own = getPriority();
  const nicer = Math.min(constants.priority.PRIORITY_LOW, own + LIMITS.queryNiceness);

  it('are nicer than its main thread and those of V8, and so are those of each database', async () => {
    const { client, open, ask } = analytics();
    await open();
    await client.append(logsOf('A', 'of A'), never);
    await client.append(logsOf('B', 'of B'), never);
    expect(await ask('A', 'SELECT Body FROM otel_logs')).toEqual([['of A']]);
    const pid = client.status().pid!;
    const counts = threadsByNiceness(pid);
    // In each scope's database the thread that asks counts as one.
    const workers = 2 * (Math.min(LIMITS.duckdbThreads, availableParallelism()) - 1);
    expect(niceness(pid, pid)).toBe(own);
    expect(counts.get(nicer)).toBeGreaterThanOrEqual(LIMITS.analyticsPoolThreads + workers);
    expect([...counts.keys()].sort((a, b) => a - b)).toEqual([...new Set([own, nicer])].sort((a, b) => a - b));
  });

  it('are found once each, where fewer are there than were looked for', async () => {
    const pool = await yieldPoolThreads(64, 0);
    expect(pool).toBeGreaterThan(0);
    expect(pool).toBeLessThan(64);
  });
});
