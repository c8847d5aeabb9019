import { afterEach, describe, expect, it } from 'vitest';
import { AnalyticsService } from '../../analytics/service.ts';
import type { ReplyHead, Report } from '../../analytics/wire/messages.ts';
import type { SqlQuery, WindowBounds } from '../../pipeline/analytics.ts';
import { LIMITS } from '../../pipeline/limits.ts';
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
  const clock = { nowMs: 1_000_000, rss: 0 };
  const service = await AnalyticsService.open(
    {
      threads: 1,
      now: () => clock.nowMs,
      rss: () => clock.rss,
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
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  return {
    service,
    said,
    reports,
    pauses,
    windows,
    swept,
    clock,
    until,
    append(scope: string, text = 'x'): number {
      lastId += 1;
      service.append({ id: lastId, scope, signal: 'logs', receivedMs: clock.nowMs }, Buffer.from(text));
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
    const { append, told, service, windows, until, reports } = await running();
    for (let n = 0; n < 5; n++) await told(append('a'));
    service.order({ type: 'bounds', bounds: { ...BOUNDS, maxRows: 4, maxAgeMs: 5 } });
    await until(() => (windows.get('a')?.usage().rows === 0 ? true : undefined));
    expect(windows.get('a')?.trims.at(-1)).toEqual({ maxAgeMs: 5, maxRows: 4, maxBytes: BOUNDS.maxBytes });
    await until(() => reports.findLast((report) => report.type === 'usage' && report.scopes[0]?.rows === 0));
  });

  it('of memory are shared by the scopes: who has the most gives', async () => {
    const memoryBytes = 64 * 1024 * 1024;
    const { append, told, windows, until } = await running({ memoryBytes, maxBytes: memoryBytes });
    await told(append('large', 'x'.repeat(40 * 1024 * 1024)));
    await told(append('small', 'x'.repeat(1000)));
    await until(() => (windows.get('large')?.usage().rows === 0 ? true : undefined));
    expect(windows.get('small')?.usage().rows).toBe(1);
  });

  it('of scopes make room when one is empty and nobody has used it for long', async () => {
    const { append, told, query, clock, windows, until } = await running({ maxRows: 0, maxScopes: 1 });
    await told(append('a'));
    const first = windows.get('a')!;
    await until(() => (first.usage().rows === 0 ? true : undefined));
    expect((await query('b', 'SELECT 1').answer).head).toMatchObject({ fault: { code: 'TOO_MANY_SCOPES' } });
    clock.nowMs += LIMITS.scopeStoreIdleMs + 1;
    await until(() => (first.closed ? true : undefined));
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
    const { query, swept, windows, until } = await running();
    const ask = async (scope: string, times: number): Promise<void> => {
      const most = LIMITS.sqlWaitingPerScope;
      for (let left = times; left > 0; left -= most)
        await Promise.all(Array.from({ length: Math.min(left, most) }, () => query(scope, 'SELECT 1').answer));
    };
    const looks = async (times: number): Promise<void> => {
      const { trims } = windows.get('a')!;
      const before = trims.length;
      await until(() => (trims.length >= before + times ? true : undefined));
    };
    await ask('b', 1);
    await ask('a', LIMITS.sqlSweptQueries - 1);
    await looks(2);
    expect(swept).toEqual([]);
    await ask('a', 1);
    await until(() => swept[0]);
    await looks(2);
    expect(swept).toEqual(['a']);
    expect((await query('a', 'SELECT count(*) FROM requests').answer).body).toBe('[[0]]');
  });

  it('can be cancelled while they run, and while they wait', async () => {
    const { query, service } = await running();
    const endless = 'SELECT count(*) FROM range(1000000) a, range(1000000) b, range(1000000) c';
    const asked = Array.from({ length: LIMITS.sqlQueriesPerScope + 1 }, () => query('a', endless));
    await new Promise((resolve) => setTimeout(resolve, 50));
    for (const { id } of asked) service.order({ type: 'cancel', id });
    service.order({ type: 'cancel', id: 4711 });
    for (const { answer } of asked) expect((await answer).head).toMatchObject({ fault: { code: 'SQL_CANCELLED' } });
  });

  it('that cannot be ended doom the process, and say so to who asked', async () => {
    const { query, reports, until } = await running();
    const { answer } = query(
      'a',
      "SELECT max(levenshtein(repeat('ab', 1200) || i, repeat('ba', 1200) || i)) FROM range(600) t(i)",
      {
        timeoutMs: 10,
      },
    );
    expect((await answer).head).toMatchObject({ type: 'fault', fault: { code: 'SQL_TIMEOUT' } });
    await until(() => reports.find(({ type }) => type === 'doomed'));
    expect(reports.find(({ type }) => type === 'doomed')).toEqual({
      type: 'doomed',
      cause: 'a query cannot be ended',
      scopes: ['a'],
    });
  });

  it('are ended when the process runs out of memory, and the process when that does not help', async () => {
    const { query, clock, reports, until } = await running();
    const endless = 'SELECT count(*) FROM range(1000000) a, range(1000000) b, range(1000000) c';
    const first = query('a', endless);
    clock.rss = BOUNDS.memoryBytes + LIMITS.analyticsSlackBytes + 1;
    expect((await first.answer).head).toMatchObject({ fault: { code: 'SQL_MEMORY' } });
    expect(reports.filter(({ type }) => type === 'doomed')).toEqual([]);
    clock.rss = BOUNDS.memoryBytes + 2 * LIMITS.analyticsSlackBytes + 1;
    // Queries end, and it does not get better.
    let asks = true;
    const asking = (async () => {
      while (asks) expect((await query('b', endless).answer).head).toMatchObject({ fault: { code: 'SQL_MEMORY' } });
    })();
    const doomed = await until(() => reports.find(({ type }) => type === 'doomed'));
    asks = false;
    clock.rss = BOUNDS.memoryBytes + LIMITS.analyticsSlackBytes + 1;
    await asking;
    expect(doomed).toMatchObject({ scopes: [] });
  });

  it('that end when memory runs out cost their scope nothing: who does not end is who is told of', async () => {
    const { query, clock, reports, until } = await running();
    const good = query('good', 'SELECT count(*) FROM range(1000000) a, range(1000000) b, range(1000000) c');
    // One call of one function: it hears of no interrupt.
    query('bad', "SELECT max(levenshtein(repeat('ab', 2400) || i, repeat('ba', 2400) || i)) FROM range(200) t(i)");
    await new Promise((resolve) => setTimeout(resolve, 100));
    clock.rss = BOUNDS.memoryBytes + 2 * LIMITS.analyticsSlackBytes + 1;
    expect((await good.answer).head).toMatchObject({ fault: { code: 'SQL_MEMORY' } });
    await until(() => reports.find(({ type }) => type === 'doomed'));
    clock.rss = 0;
    const doomed = reports.filter(({ type }) => type === 'doomed').map((report) => 'scopes' in report && report.scopes);
    expect(new Set(doomed.flat())).toEqual(new Set(['bad']));
  });

  it('see which tables there are', async () => {
    const { service, until, said } = await running();
    service.order({ type: 'tables', id: 77, scope: 'a' });
    const { head } = await until(() => said.find((each) => 'id' in each.head && each.head.id === 77));
    expect(head).toMatchObject({ type: 'tables', tables: [{ name: 'requests', rows: 0 }] });
  });
});
