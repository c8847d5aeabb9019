import { describe, expect, it } from 'vitest';
import { ResultRows } from '../../../analytics/standing/result-rows.ts';
import { StandingRun, type StandingParts } from '../../../analytics/standing/standing-run.ts';
import type { SqlColumn, SqlFault } from '../../../pipeline/analytics.ts';

const NONE: SqlFault | undefined = undefined as SqlFault | undefined;

/** A run whose results have no rows, and the columns that the test gives it. */
function scripted() {
  const told: [id: number, what: string, text: string][] = [];
  const ended: [id: number, code: string][] = [];
  const state = {
    columns: [{ name: 'a', type: 'BIGINT' }] as readonly SqlColumn[],
    nowMs: 0,
    store: {},
    version: 1,
    isOpen: true,
    fault: NONE,
  };
  const aborts: AbortSignal[] = [];
  const parts: StandingParts = {
    now: () => state.nowMs,
    read: async (_scope, _query, caps, signal) => {
      aborts.push(signal);
      if (state.fault !== undefined) return state.fault;
      const opened = ResultRows.open(state.columns, undefined, caps);
      if (!opened.ok) return opened;
      const { columns, store, version } = state;
      const tables = new Set(['t']);
      return { ok: true, columns, sink: opened.sink, elapsedMs: 1, tables, readsClock: false, version: { store, version } };
    },
    version: () => (state.isOpen ? { store: state.store, version: state.version } : undefined),
    tell: (id, what, text) => void told.push([id, what, text]),
    end: (id, { code }) => void ended.push([id, code]),
  };
  return { run: new StandingRun('A', { sql: 'SELECT 1' }, parts), told, ended, state, aborts };
}

describe('a standing query', () => {
  it('tells a snapshot to who asks for one, before or after its first run, and nothing to others', async () => {
    const { run, told } = scripted();
    for (const id of [1, 2, 3]) run.join(id);
    run.snapshot(1);
    await run.run(1000);
    run.snapshot(2);
    expect(told.map(([id, what]) => [id, what])).toEqual([
      [1, 'snapshot'],
      [2, 'snapshot'],
    ]);
  });

  it('is renewed where its columns have become others: rows of before tell nothing then', async () => {
    const { run, told, state } = scripted();
    run.join(1);
    run.snapshot(1);
    await run.run(1000);
    state.columns = [{ name: 'a', type: 'VARCHAR' }];
    await run.run(1000);
    await run.run(1000);
    expect(told.slice(1)).toEqual([[1, 'renew', '']]);
    run.snapshot(1);
    expect(told.at(-1)).toEqual([1, 'snapshot', '{"columns":[{"name":"a","type":"VARCHAR"}],"rows":[]}']);
  });

  it('is due when what it reads has another version, or is another life of it', async () => {
    const { run, state } = scripted();
    run.join(1);
    expect(run.isDue(0)).toBe(true);
    await run.run(1000);
    expect([run.isDue(999), run.isDue(1000)]).toEqual([false, false]);
    state.version = 2;
    expect([run.isDue(999), run.isDue(1000)]).toEqual([false, true]);
    state.nowMs = 1000;
    await run.run(1000);
    expect(run.isDue(5000)).toBe(false);
    state.store = {};
    expect(run.isDue(5000)).toBe(true);
  });

  it('is due when what it read was closed, and waits for room where others took it', async () => {
    const { run, told, ended, state } = scripted();
    run.join(1);
    run.snapshot(1);
    await run.run(1000);
    state.isOpen = false;
    expect(run.isDue(1000)).toBe(true);
    state.fault = { ok: false, code: 'TOO_MANY_SCOPES', message: 'cannot open windows for one more scope: 8 have some' };
    await run.run(1000);
    expect([run.isOver, run.isDue(1000)]).toEqual([false, true]);
    Object.assign(state, { fault: undefined, isOpen: true, store: {} });
    await run.run(1000);
    expect([run.isDue(1000), told.length, ended]).toEqual([false, 1, []]);
  });

  it('that never had rows is told where no windows can be opened for it', async () => {
    const { run, ended, state } = scripted();
    run.join(1);
    state.fault = { ok: false, code: 'TOO_MANY_SCOPES', message: 'cannot open windows for one more scope: 8 have some' };
    await run.run(1000);
    expect(ended).toEqual([[1, 'TOO_MANY_SCOPES']]);
  });

  it('ends with its last subscriber: a run under way is interrupted, and what it finds told to nobody', async () => {
    const { run, told, ended, aborts } = scripted();
    run.join(1);
    run.join(2);
    run.snapshot(1);
    const running = run.run(1000);
    run.leave(1);
    expect(aborts[0]?.aborted).toBe(false);
    run.leave(2);
    expect([run.isOver, aborts[0]?.aborted]).toEqual([true, true]);
    await running;
    expect([told, ended, run.isDue(9000), run.bytes]).toEqual([[], [], false, 0]);
  });

  it('that fails tells everybody once', () => {
    const { run, ended } = scripted();
    run.join(1);
    run.join(2);
    run.fail({ ok: false, code: 'SQL_INVALID', message: 'cannot run the query: no' });
    run.fail({ ok: false, code: 'INTERNAL', message: 'cannot run the query: again' });
    expect(ended).toEqual([
      [1, 'SQL_INVALID'],
      [2, 'SQL_INVALID'],
    ]);
  });
});
