import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openInstance } from '../../analytics/instance.ts';
import { AnalyticsService } from '../../analytics/service.ts';
import type { ReplyHead, Report } from '../../analytics/wire/messages.ts';
import type { SqlQuery, WindowBounds } from '../../pipeline/analytics.ts';
import { LIMITS } from '../../pipeline/limits.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { plainWindow, type PlainWindow } from '../support/plain-window.ts';

const BOUNDS: WindowBounds = {
  maxAgeMs: 60_000,
  maxRows: 1000,
  maxBytes: 1024 * 1024,
  memoryBytes: 64 * 1024 * 1024,
  maxScopes: 3,
};

interface Said {
  readonly head: ReplyHead;
  readonly body: string;
}

const ENDLESS = 'SELECT count(*) FROM range(1000000) a, range(1000000) b, range(1000000) c';
/** One call of one function: it hears of no interrupt. */
const deafRows = (rows: number): string =>
  `SELECT max(levenshtein(repeat('ab', 2400) || i, repeat('ba', 2400) || i)) FROM range(${rows}) t(i)`;
let deafRowMs: number;
/** For twice as long, on any machine. */
const deafFor = (ms: number): string => deafRows(Math.ceil((2 * ms) / deafRowMs));
beforeAll(async () => {
  const { instance, close } = await openInstance({ memoryBytes: BOUNDS.memoryBytes, threads: 1 });
  const connection = await instance.connect();
  const cpuMs = cpuTimer();
  await connection.run(deafRows(4));
  deafRowMs = cpuMs() / 4;
  connection.closeSync();
  close();
});

/** What this process has used of its cores since: on a busy machine a second says nothing of what was done in it. */
function cpuTimer(): () => number {
  const began = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(began);
    return (user + system) / 1000;
  };
}

/** Resolves when a query of a scope that is open, asked after the call, has been given so much of a core that it runs. */
async function working(): Promise<void> {
  const cpuMs = cpuTimer();
  while (cpuMs() < 200) await sleep(10);
}

const open: AnalyticsService[] = [];
afterEach(async () => {
  for (const service of open.splice(0)) await service.stop();
});

async function running(bounds: Partial<WindowBounds> = {}) {
  const said: Said[] = [];
  const reports: Report[] = [];
  const pauses: boolean[] = [];
  const windows = new Map<string, PlainWindow>();
  const swept: string[] = [];
  const clock = new ManualClock();
  const memory = { rssBytes: 0 };
  const service = await AnalyticsService.open(
    {
      threads: 1,
      clock,
      rss: () => memory.rssBytes,
      openWindow: async (instance, scope) => {
        if (scope === 'broken') throw new Error('no window for it');
        const window = await plainWindow(instance);
        const { sweep } = instance;
        Object.assign(instance, { sweep: () => sweep().then(() => void swept.push(scope)) });
        windows.set(scope, window);
        return window;
      },
    },
    {
      reply: (head, body = new Uint8Array(0)) => void said.push({ head, body: Buffer.from(body).toString() }),
      report: (report) => void reports.push(report),
      pause: (paused) => void pauses.push(paused),
    },
    { ...BOUNDS, ...bounds },
  );
  open.push(service);
  let lastId = 0;
  const until = async <T>(find: () => T | undefined): Promise<T> => {
    for (;;) {
      const found = find();
      if (found !== undefined) return found;
      await sleep(5);
    }
  };
  const tick = (): Promise<void> => clock.advance(LIMITS.analyticsTickMs);
  return {
    service,
    said,
    reports,
    pauses,
    windows,
    swept,
    memory,
    until,
    /** Time passes for the service; what it begins by that may take as long as it takes. */
    pass: (ms: number) => clock.advance(ms),
    /** It looks at its windows, as it does each second. */
    tick,
    /** The same as often as needed: it looks no second time at what it still works on. */
    async ticksUntil(isSo: () => boolean): Promise<void> {
      for (; !isSo(); await sleep(1)) await tick();
    },
    /** It looks at its memory, while somebody asks something. */
    look: () => clock.advance(LIMITS.analyticsMemoryTickMs),
    append(scope: string, text = 'x'): number {
      lastId += 1;
      service.append({ id: lastId, scope, signal: 'logs', receivedMs: clock.now() }, Buffer.from(text));
      return lastId;
    },
    /** What was said of an append. */
    told: (id: number) =>
      until(() =>
        said.map(({ head }) => head).find((head) => 'ids' in head && head.ids.flat().includes(id) && head.type !== undefined),
      ),
    query(scope: string, sql: string, more: Partial<SqlQuery> = {}): { id: number; answer: Promise<Said> } {
      lastId += 1;
      const id = lastId;
      const query: SqlQuery = { sql, format: 'json', timeoutMs: 10_000, maxRows: 100, maxBytes: 10_000, ...more };
      service.order({ type: 'query', id, scope, query });
      return { id, answer: until(() => said.find(({ head }) => 'id' in head && head.id === id)) };
    },
  };
}

describe('appends', () => {
  it('are loaded together and answered when SQL sees them, each scope by itself', async () => {
    const { append, told, query, windows } = await running();
    const ids = [append('a', 'one'), append('a', 'two'), append('b', 'three')];
    expect(await told(ids[1]!)).toEqual({
      type: 'loaded',
      ids: [
        [1, 1, ''],
        [2, 1, ''],
      ],
      usage: { scope: 'a', rows: 2, bytes: 6 },
    });
    await told(ids[2]!);
    expect((await query('a', 'SELECT text FROM requests').answer).body).toBe('[["one"],["two"]]');
    expect((await query('b', 'SELECT text FROM requests').answer).body).toBe('[["three"]]');
    expect(windows.get('a')?.flushes).toBe(1);
  });

  it('are taken as they came, though their bytes are used again while the scope is opened', async () => {
    const { service, told, query } = await running();
    const bytes = Buffer.from('one');
    service.append({ id: 1, scope: 'a', signal: 'logs', receivedMs: 0 }, bytes);
    bytes.write('two');
    service.append({ id: 2, scope: 'a', signal: 'logs', receivedMs: 0 }, bytes);
    bytes.fill(0);
    await told(2);
    expect((await query('a', 'SELECT text FROM requests').answer).body).toBe('[["one"],["two"]]');
  });

  it('say how many rows were made of them, and why not more', async () => {
    const { append, told } = await running();
    expect(await told(append('a', ''))).toMatchObject({ type: 'loaded', ids: [[1, 0, 'it is empty']] });
  });

  it('that fail are refused by themselves, and the next ones are taken', async () => {
    const { append, told, windows } = await running();
    await told(append('a'));
    const window = windows.get('a')!;
    window.faults.append = new Error('it is odd');
    const odd = append('a');
    expect(await told(odd)).toMatchObject({
      type: 'refused',
      ids: [odd],
      fault: { code: 'INTERNAL', message: 'cannot load the rows: it is odd' },
    });
    window.faults.append = undefined;
    expect(await told(append('a'))).toMatchObject({ type: 'loaded' });
  });

  it('that cannot be loaded end the windows of their scope, which begin anew; nobody else notices', async () => {
    const { append, told, windows, until, reports, query } = await running();
    for (const scope of ['a', 'a', 'b']) await told(append(scope));
    const window = windows.get('a')!;
    window.faults.flush = new Error('Out of Memory Error: full\nadvice');
    const [one, two] = [append('a'), append('a')];
    expect(await told(one)).toMatchObject({
      ids: [one, two],
      fault: { code: 'MEMORY_LIMIT', message: 'cannot load the rows: Out of Memory Error: full' },
    });
    expect(await until(() => reports.find(({ type }) => type === 'lost'))).toEqual({
      type: 'lost',
      scope: 'a',
      rows: 2,
      cause: 'cannot load the rows: Out of Memory Error: full',
    });
    expect(await told(append('a', 'new'))).toMatchObject({ type: 'loaded', usage: { rows: 1 } });
    expect((await query('a', 'SELECT text FROM requests').answer).body).toBe('[["new"]]');
    expect((await query('b', 'SELECT count(*) FROM requests').answer).body).toBe('[[1]]');
    await until(() => (window.closed ? true : undefined));
  });

  it('are taken while a flush runs, and loaded by the next', async () => {
    const { append, told, windows, until } = await running();
    await told(append('a'));
    const window = windows.get('a')!;
    let go = (): void => {};
    window.gate = new Promise((resolve) => (go = resolve));
    const first = append('a');
    await until(() => (window.flushes === 2 ? true : undefined));
    const second = append('a');
    window.gate = undefined;
    go();
    expect(await told(first)).toMatchObject({ type: 'loaded', ids: [[first, 1, '']] });
    expect(await told(second)).toMatchObject({ type: 'loaded', ids: [[second, 1, '']] });
  });

  it('wait in the pipe while too many rows wait to be loaded', async () => {
    const { append, told, windows, pauses } = await running();
    await told(append('a'));
    const window = windows.get('a')!;
    const { append: one } = window;
    let go = (): void => {};
    window.gate = new Promise((resolve) => (go = resolve));
    window.append = (...args) => ({ ...one(...args), rows: LIMITS.windowPendingRows / 2 });
    append('a');
    append('a');
    const last = append('a');
    // The first is with the flush that waits.
    expect(pauses).toEqual([true]);
    window.gate = undefined;
    go();
    await told(last);
    expect(pauses).toEqual([true, false]);
  });

  it('of more scopes than there may be are refused, and a scope whose windows cannot be opened is', async () => {
    const { append, told, query } = await running();
    for (const scope of ['a', 'b', 'c']) await told(append(scope));
    expect(await told(append('d'))).toMatchObject({
      type: 'refused',
      fault: { code: 'TOO_MANY_SCOPES', message: 'cannot open windows for one more scope: 3 have some' },
    });
    expect((await query('d', 'SELECT 1').answer).head).toMatchObject({ type: 'fault', fault: { code: 'TOO_MANY_SCOPES' } });
    expect(await told(append('a'))).toMatchObject({ type: 'loaded' });
    const other = await running();
    expect(await other.told(other.append('broken'))).toMatchObject({ type: 'refused', fault: { code: 'INTERNAL' } });
  });
});

describe('bounds', () => {
  it('are kept each second, by the latest that were said', async () => {
    const { append, told, service, windows, reports, tick, ticksUntil } = await running();
    for (let n = 0; n < 5; n++) await told(append('a'));
    service.order({ type: 'bounds', bounds: { ...BOUNDS, maxRows: 4, maxAgeMs: 5 } });
    await ticksUntil(() => windows.get('a')?.usage().rows === 0);
    expect(windows.get('a')?.trims.at(-1)).toEqual({ maxAgeMs: 5, maxRows: 4, maxBytes: BOUNDS.maxBytes });
    await tick();
    expect(reports.findLast(({ type }) => type === 'usage')).toMatchObject({ scopes: [{ scope: 'a', rows: 0 }] });
  });

  it('of memory are shared by the scopes: who has the most gives', async () => {
    const memoryBytes = 64 * 1024 * 1024;
    const { append, told, windows, ticksUntil } = await running({ memoryBytes, maxBytes: memoryBytes });
    await told(append('large', 'x'.repeat(40 * 1024 * 1024)));
    await told(append('small', 'x'.repeat(1000)));
    await ticksUntil(() => windows.get('large')?.usage().rows === 0);
    expect(windows.get('small')?.usage().rows).toBe(1);
  });

  it('of scopes make room when one is empty and nobody has used it for long', async () => {
    const { append, told, query, pass, windows, ticksUntil } = await running({ maxRows: 0, maxScopes: 1 });
    await told(append('a'));
    const first = windows.get('a')!;
    await ticksUntil(() => first.usage().rows === 0);
    expect((await query('b', 'SELECT 1').answer).head).toMatchObject({ fault: { code: 'TOO_MANY_SCOPES' } });
    await pass(LIMITS.scopeStoreIdleMs);
    await ticksUntil(() => first.closed);
    expect((await query('b', 'SELECT 1').answer).body).toBe('[[1]]');
  });
});

describe('queries', () => {
  it('are answered with rows or a fault, those of a scope without data, too', async () => {
    const { query } = await running();
    expect((await query('new', 'SELECT count(*) AS n FROM requests').answer).head).toMatchObject({
      type: 'rows',
      columns: [{ name: 'n', type: 'BIGINT' }],
      rows: 1,
    });
    expect((await query('new', 'SELEC').answer).head).toMatchObject({ type: 'fault', fault: { code: 'SQL_INVALID' } });
  });

  it('are forgotten by the database of their scope after some hundreds, once', async () => {
    const { query, swept, windows, ticksUntil } = await running();
    const ask = async (scope: string, times: number): Promise<void> => {
      const most = LIMITS.sqlWaitingPerScope;
      for (let left = times; left > 0; left -= most)
        await Promise.all(Array.from({ length: Math.min(left, most) }, () => query(scope, 'SELECT 1').answer));
    };
    const looks = async (times: number): Promise<void> => {
      const { trims } = windows.get('a')!;
      const last = trims.length + times;
      await ticksUntil(() => trims.length >= last);
    };
    await ask('b', 1);
    await ask('a', LIMITS.sqlSweptQueries - 1);
    await looks(2);
    expect(swept).toEqual([]);
    await ask('a', 1);
    await ticksUntil(() => swept.length > 0);
    await looks(2);
    expect(swept).toEqual(['a']);
    expect((await query('a', 'SELECT count(*) FROM requests').answer).body).toBe('[[0]]');
  });

  it('can be cancelled while they run, and while they wait', async () => {
    const { query, service } = await running();
    await query('a', 'SELECT 1').answer;
    const works = working();
    const asked = Array.from({ length: LIMITS.sqlQueriesPerScope + 1 }, () => query('a', ENDLESS));
    await works;
    for (const { id } of asked) service.order({ type: 'cancel', id });
    service.order({ type: 'cancel', id: 4711 });
    for (const { answer } of asked) expect((await answer).head).toMatchObject({ fault: { code: 'SQL_CANCELLED' } });
  });

  it('that cannot be ended doom the process, and say so to who asked', async () => {
    const { service, query, reports, until } = await running();
    await query('a', 'SELECT 1').answer;
    const works = working();
    const { id, answer } = query('a', deafFor(LIMITS.sqlStuckMs));
    await works;
    service.order({ type: 'cancel', id });
    expect((await answer).head).toMatchObject({ type: 'fault', fault: { code: 'SQL_TIMEOUT' } });
    expect(await until(() => reports.find(({ type }) => type === 'doomed'))).toEqual({
      type: 'doomed',
      cause: 'a query cannot be ended',
      scopes: ['a'],
    });
  });

  it('are ended when the process runs out of memory, and the process when that does not help', async () => {
    const { query, memory, look, reports } = await running();
    const doomed = (): Report | undefined => reports.find(({ type }) => type === 'doomed');
    await query('a', 'SELECT 1').answer;
    const works = working();
    const first = query('a', ENDLESS);
    await works;
    memory.rssBytes = BOUNDS.memoryBytes + LIMITS.analyticsSlackBytes + 1;
    await look();
    expect((await first.answer).head).toMatchObject({ fault: { code: 'SQL_MEMORY' } });
    expect(doomed()).toBeUndefined();
    // Queries end, and it does not get better.
    memory.rssBytes += LIMITS.analyticsSlackBytes;
    for (let looks = 1; looks < LIMITS.analyticsMemoryTicks; looks++) {
      const { answer } = query('b', ENDLESS);
      await look();
      expect((await answer).head).toMatchObject({ fault: { code: 'SQL_MEMORY' } });
    }
    expect(doomed()).toBeUndefined();
    query('b', ENDLESS);
    await look();
    expect(doomed()).toMatchObject({ scopes: [] });
  });

  it('that end when memory runs out cost their scope nothing: who does not end is who is told of', async () => {
    const { query, memory, look, reports } = await running();
    const doomed = (): Report[] => reports.filter(({ type }) => type === 'doomed');
    await query('bad', 'SELECT 1').answer;
    const works = working();
    query('bad', deafFor(1000));
    await works;
    const good = query('good', ENDLESS);
    memory.rssBytes = BOUNDS.memoryBytes + 2 * LIMITS.analyticsSlackBytes + 1;
    await look();
    expect((await good.answer).head).toMatchObject({ fault: { code: 'SQL_MEMORY' } });
    for (let looks = 1; looks <= LIMITS.analyticsDeafTicks; looks++) {
      expect(doomed()).toEqual([]);
      await look();
    }
    expect(doomed()).toMatchObject([{ scopes: ['bad'] }]);
  });

  it('see which tables there are', async () => {
    const { service, until, said } = await running();
    service.order({ type: 'tables', id: 77, scope: 'a' });
    const { head } = await until(() => said.find((each) => 'id' in each.head && each.head.id === 77));
    expect(head).toMatchObject({ type: 'tables', tables: [{ name: 'requests', rows: 0 }] });
  });
});
