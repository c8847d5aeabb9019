import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { AnalyticsClient } from '../../../analytics/client/analytics-client.ts';
import { missingPart } from '../../../analytics/client/child-process.ts';
import { frameHead } from '../../../analytics/wire/frames.ts';
import type { SqlFault } from '../../../pipeline/analytics.ts';
import { quietContext } from '../../support/contexts.ts';
import { scopedBatch } from '../../support/scoped-batches.ts';
import { logsOf, runningAnalytics, WINDOW_BOUNDS, type RunningAnalytics } from '../../support/running-analytics.ts';
import { temporaryFolders } from '../../support/temporary.ts';
import { ROOT } from '../../support/tree.ts';

const analytics = runningAnalytics();
const folder = temporaryFolders();
const never = new AbortController().signal;
const BODIES = 'SELECT Body FROM otel_logs ORDER BY Timestamp';
/** Runs for hours in calls of one function, which nothing interrupts. */
const STUCK = "SELECT max(levenshtein(repeat('ab', 30000) || i, repeat('ba', 30000) || i)) FROM range(100) t(i)";

const lives = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    // One that its parent has not waited for yet is a zombie.
    return !existsSync(`/proc/${pid}/stat`) || !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
};
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(10);
}

describe('the analytics process', () => {
  it.each([
    ['data', ({ client }: RunningAnalytics) => client.append(logsOf('A', 'first'), never)],
    ['question', ({ ask }: RunningAnalytics) => ask('A', BODIES)],
    ['look at the tables', ({ client }: RunningAnalytics) => client.tables('A', never)],
  ])('starts with the first %s, which waits for it, and not before', async (_, use) => {
    const running = analytics();
    const { client, begin } = running;
    await begin();
    expect(client.status()).toMatchObject({ state: 'stopped', pid: undefined });
    const [one, other] = await Promise.all([use(running), client.append(logsOf('B', 'at the same time'), never)]);
    expect(one).toSatisfy((answer: { ok?: boolean }) => Array.isArray(answer) || answer.ok === true);
    expect(other).toEqual({ ok: true });
    expect(client.status()).toMatchObject({ state: 'running', restarts: 0 });
  });

  it('starts with the first query that shall stand', async () => {
    const { client, begin } = analytics();
    await begin();
    const told = new Promise<string>((resolve) => {
      const fail = (): void => resolve('lost');
      const events = { changed: fail, lost: fail, ended: fail };
      const whole = (snapshot: Uint8Array): void => resolve(Buffer.from(snapshot).toString());
      const standing = client.stand('A', { sql: 'SELECT 1 AS one' }, { ...events, whole });
      if ('ask' in standing) standing.ask();
    });
    expect(JSON.parse(await told)).toMatchObject({ rows: [[1]] });
  });

  it('is not waited for longer than its asker wants, and not started for who has gone', async () => {
    const { client, begin } = analytics();
    await begin();
    expect(await client.append(logsOf('A', 'gone'), AbortSignal.abort())).toMatchObject({ ok: false, retryable: true });
    expect(client.status().state).toBe('stopped');
    const leaver = new AbortController();
    const left = client.append(logsOf('A', 'leaves'), leaver.signal);
    expect(client.status().state).toBe('starting');
    leaver.abort();
    expect(await left).toMatchObject({ ok: false, code: 'ANALYTICS_RESTARTING', retryable: true });
    expect(client.status().state).toBe('starting');
  });

  it('may be let go while it starts', async () => {
    const { client, begin, ask } = analytics();
    const use = await begin();
    const asked = ask('A', 'SELECT 1');
    await use.release(5000);
    expect(await asked).toBe('ANALYTICS_RESTARTING');
    expect(client.status()).toMatchObject({ state: 'stopped', restarts: 0 });
  });

  it('is there as long as somebody uses it, loads what is appended, and is gone with the last who lets go', async () => {
    const { client, open, ask } = analytics();
    expect(new AnalyticsClient(() => quietContext().log).status()).toEqual(client.status());
    expect(client.status()).toEqual({ state: 'stopped', pid: undefined, restarts: 0, scopes: [] });
    expect(await ask('A', 'SELECT 1')).toBe('NO_WINDOWS');
    expect(await client.tables('A', never)).toMatchObject({ ok: false, code: 'NO_WINDOWS' });
    const [one, two] = await Promise.all([open(), open()]);
    const { pid = 0 } = client.status();
    expect(await client.append(logsOf('A', 'first', 'second'), never)).toEqual({ ok: true });
    expect(await ask('A', BODIES)).toEqual([['first'], ['second']]);
    expect(client.status()).toMatchObject({ state: 'running', pid, scopes: [{ scope: 'A', rows: 2, rowsLost: 0 }] });
    expect(await client.tables('A', never)).toContainEqual(expect.objectContaining({ name: 'otel_logs', rows: 2 }));
    await one.release(1000);
    await one.release(1000);
    expect(lives(pid)).toBe(true);
    await two.release(5000);
    expect(lives(pid)).toBe(false);
    expect(client.status().state).toBe('stopped');
    expect(await client.append(logsOf('A', 'late'), never)).toMatchObject({ ok: false, retryable: true });
  });

  it('keeps what each scope sent apart', async () => {
    const { client, open, ask } = analytics();
    await open();
    await Promise.all(['A', 'B', 'C'].map((scope) => client.append(logsOf(scope, `of ${scope}`), never)));
    for (const scope of ['A', 'B', 'C']) expect(await ask(scope, BODIES)).toEqual([[`of ${scope}`]]);
    expect(await ask('nobody', BODIES)).toEqual([]);
  });

  it('goes on with its windows when another takes over, as a reload does', async () => {
    const { client, open, ask } = analytics();
    const before = await open();
    const { pid } = client.status();
    await client.append(logsOf('A', 'kept'), never);
    await open({ maxRows: 500 });
    await before.release(1000);
    expect(client.status().pid).toBe(pid);
    expect(await ask('A', BODIES)).toEqual([['kept']]);
  });

  it('is opened again after it was let go, and while it is being let go', async () => {
    const { client, open, ask } = analytics();
    const first = await open();
    const { pid } = client.status();
    const released = first.release(5000);
    await open();
    await released;
    expect(client.status().pid).not.toBe(pid);
    // Who asks waits for a start, but not for one that takes seconds on a busy machine.
    let answer: unknown;
    do answer = await ask('A', 'SELECT 1');
    while (answer === 'ANALYTICS_BUSY');
    expect(answer).toEqual([[1]]);
  });

  it('tells what of a batch it could not read', async () => {
    const { client, open } = analytics();
    await open();
    expect(await client.append(scopedBatch('logs', [Buffer.from([0x0a, 0x7f])], 3, 'A'), never)).toMatchObject({
      ok: true,
      rejected: [{ reason: 'unreadable', items: 3 }],
    });
  });

  it('has little of our environment, and of our arguments nothing', async () => {
    const { client, open } = analytics();
    process.env['PERISCOPE_TEST_SECRET'] = 'hush';
    try {
      await open();
      const environment = readFileSync(`/proc/${client.status().pid}/environ`, 'utf8');
      expect(environment).not.toContain('hush');
      expect(environment.split('\0').map((line) => line.split('=')[0])).toEqual(
        expect.arrayContaining(['TZ', 'UV_THREADPOOL_SIZE']),
      );
    } finally {
      delete process.env['PERISCOPE_TEST_SECRET'];
    }
  });
});

describe('a batch that is handed over again', () => {
  it('is loaded once: while it is under way, and after it was', async () => {
    const { client, open, ask } = analytics();
    await open();
    const batch = logsOf('A', 'once');
    const leaver = new AbortController();
    const given = client.append(batch, leaver.signal);
    leaver.abort();
    expect(await given).toMatchObject({ ok: false, code: 'DEADLINE_EXCEEDED', retryable: true });
    expect(await client.append(batch, never)).toEqual({ ok: true });
    expect(await client.append(batch, never)).toEqual({ ok: true });
    expect(await client.append(batch, AbortSignal.abort())).toMatchObject({ ok: false });
    expect(await ask('A', BODIES)).toEqual([['once']]);
  });

  it('is loaded again when the process that had it has died', async () => {
    const { client, open, ask } = analytics();
    await open();
    const batch = logsOf('A', 'twice');
    await client.append(logsOf('A', 'lost'), never);
    const under = client.append(batch, never);
    process.kill(client.status().pid!, 'SIGKILL');
    expect(await under).toMatchObject({ ok: false, code: 'ANALYTICS_RESTARTING', retryable: true, retryAfterMs: 1000 });
    await until(() => client.status().state === 'running');
    expect(await client.append(batch, never)).toEqual({ ok: true });
    expect(await ask('A', BODIES)).toEqual([['twice']]);
  });
});

describe('the analytics process that dies', () => {
  it('is started again, empty; what was lost is counted and told, and who asks meanwhile is told to wait', async () => {
    const { client, open, ask, lines } = analytics();
    await open();
    await client.append(logsOf('A', 'one', 'two'), never);
    await client.append(logsOf('B', 'three'), never);
    const { pid } = client.status();
    process.kill(pid!, 'SIGKILL');
    await until(() => client.status().state === 'restarting');
    expect(await ask('A', 'SELECT 1')).toBe('ANALYTICS_RESTARTING');
    expect(await client.append(logsOf('A', 'x'), never)).toMatchObject({ code: 'ANALYTICS_RESTARTING', retryable: true });
    await until(() => client.status().state === 'running');
    expect(await ask('A', BODIES)).toEqual([]);
    const { scopes, restarts } = client.status();
    expect(restarts).toBe(1);
    expect(scopes.find(({ scope }) => scope === 'A')).toMatchObject({ rows: 0, rowsLost: 2 });
    expect(lines.filter(({ level }) => level !== 'info').map(({ message, fields }) => [message, fields])).toEqual([
      [
        'the analytics process has ended (SIGKILL) and is started again: what its windows held is lost',
        { rowsLost: 3, scopes: 2, delayMs: 200 },
      ],
    ]);
  });

  it('waits longer each time before it is started again', async () => {
    const { client, open, lines } = analytics();
    await open();
    for (let life = 1; life <= 3; life++) {
      process.kill(client.status().pid!, 'SIGKILL');
      await until(() => client.status().restarts === life && client.status().state === 'running');
    }
    expect(lines.flatMap(({ fields }) => fields['delayMs'] ?? [])).toEqual([200, 400, 800]);
  });

  it('may do so while it is being let go', async () => {
    const { client, open } = analytics();
    const use = await open();
    const released = use.release(5000);
    process.kill(client.status().pid!, 'SIGKILL');
    await released;
    expect(client.status()).toMatchObject({ state: 'stopped', restarts: 0 });
  });

  it('is killed for a query that cannot be ended; its scope waits before it asks again, others do not', async () => {
    const { client, open, ask } = analytics();
    await open();
    const { pid } = client.status();
    await client.append(logsOf('B', 'of a neighbour'), never);
    const stuck = ask('A', STUCK, { timeoutMs: 50 });
    expect(await ask('B', BODIES)).toEqual([['of a neighbour']]);
    expect(await stuck).toBe('SQL_TIMEOUT');
    await until(() => client.status().restarts === 1 && client.status().state === 'running');
    expect(lives(pid!)).toBe(false);
    expect(await ask('A', 'SELECT 1')).toBe('ANALYTICS_BUSY');
    expect(await ask('B', 'SELECT 1')).toEqual([[1]]);
  });

  it('of itself in the middle of a query keeps who asked from asking it again at once', async () => {
    const { client, open, ask } = analytics();
    await open();
    const asked = ask('A', STUCK, { timeoutMs: 5000 });
    await sleep(100);
    process.kill(client.status().pid!, 'SIGSEGV');
    expect(await asked).toBe('ANALYTICS_RESTARTING');
    await until(() => client.status().state === 'running');
    expect(await ask('A', 'SELECT 1')).toBe('ANALYTICS_BUSY');
    expect(await ask('B', 'SELECT 1')).toEqual([[1]]);
  });

  it('of itself in the middle of a standing query ends those of that scope, and takes up the others', async () => {
    const { client, open } = analytics();
    await open();
    const told: string[] = [];
    const stand = (scope: string, sql: string): void => {
      const events = {
        whole: () => told.push(`${scope} whole`),
        changed: () => {},
        lost: () => {
          told.push(`${scope} lost`);
          ask();
        },
        ended: ({ code }: SqlFault) => told.push(`${scope} ${code}`),
      };
      const standing = client.stand(scope, { sql }, events);
      const ask = (): void => ('ok' in standing ? expect.unreachable(standing.message) : standing.ask());
      ask();
    };
    stand('B', 'SELECT 1');
    await until(() => told.length === 1);
    stand('A', STUCK);
    await sleep(300);
    process.kill(client.status().pid!, 'SIGSEGV');
    await until(() => told.length >= 5);
    expect(told.toSorted()).toEqual(['A ANALYTICS_BUSY', 'A lost', 'B lost', 'B whole', 'B whole']);
    expect(
      client.stand('A', { sql: 'SELECT 1' }, { whole: () => {}, changed: () => {}, lost: () => {}, ended: () => {} }),
    ).toMatchObject({
      code: 'ANALYTICS_BUSY',
    });
  });

  it('in the middle of a query leaves its asker with an answer', async () => {
    const { client, open, ask } = analytics();
    await open();
    const asked = ask('A', STUCK, { timeoutMs: 5000 });
    await sleep(100);
    process.kill(client.status().pid!, 'SIGKILL');
    expect(await asked).toBe('ANALYTICS_RESTARTING');
  });

  it('ends at its deadline though a query cannot be ended, when nobody uses it any more', async () => {
    const { client, open, ask } = analytics();
    const use = await open();
    const { pid } = client.status();
    const stuck = ask('A', STUCK);
    await sleep(200);
    await use.release(300);
    expect(lives(pid!)).toBe(false);
    expect(typeof (await stuck)).toBe('string');
    expect(client.status()).toMatchObject({ state: 'stopped', restarts: 0 });
  });

  it('goes with its parent, even one that is killed in the middle of a query', async () => {
    const script = join(folder(), 'parent.mjs');
    const module = join(ROOT, 'dist/analytics/client/analytics-client.js');
    writeFileSync(
      script,
      `import { AnalyticsClient } from ${JSON.stringify(module)};
       const quiet = () => {};
       const client = new AnalyticsClient(() => ({ info: quiet, warn: quiet, error: quiet, limited: quiet }));
       await client.open(${JSON.stringify(WINDOW_BOUNDS)});
       await client.tables('A', new AbortController().signal);
       void client.query('A', { sql: ${JSON.stringify(STUCK)}, format: 'json', timeoutMs: 60000, maxRows: 1, maxBytes: 99 }, new AbortController().signal);
       setTimeout(() => console.log(client.status().pid), 300);`,
    );
    const parent = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = (await once(parent.stdout, 'data')) as [Buffer];
    const pid = Number(line.toString());
    expect(lives(pid)).toBe(true);
    parent.kill('SIGKILL');
    await until(() => !lives(pid));
  });

  it('is left alone by a Ctrl-C and by what a service manager sends to all: its parent decides', async () => {
    const { client, open, ask } = analytics();
    await open();
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.kill(client.status().pid!, signal);
    expect(await ask('A', 'SELECT 1')).toEqual([[1]]);
    expect(client.status().restarts).toBe(0);
  });
});

describe('a program that is no analytics process', () => {
  const program = (text: string): string => {
    const path = join(folder(), 'child.mjs');
    writeFileSync(path, text);
    return path;
  };

  it('is tried again, ever later, and what it said is told; who asks is told to come again', async () => {
    const { client, open, ask, lines } = analytics({ program: program("console.error('no such library'); process.exit(3);") });
    await open();
    await until(() => client.status().restarts === 2);
    expect(await ask('A', 'SELECT 1')).toBe('ANALYTICS_RESTARTING');
    expect(lines.slice(0, 2).map(({ message, fields }) => [message, fields['delayMs']])).toEqual(
      [200, 400].map((delayMs) => [
        'the analytics process has ended (exit code 3: no such library) and is started again: what its windows held is lost',
        delayMs,
      ]),
    );
  });

  it('stops the start where it is not there', async () => {
    const { client, begin } = analytics({ program: '/nonexistent/main.js' });
    await expect(begin()).rejects.toThrow(/^cannot start the analytics process: \/nonexistent\/main\.js is not there$/);
    expect(await client.append(logsOf('A', 'x'), never)).toMatchObject({ ok: false });
    expect(client.status().state).toBe('stopped');
  });

  it('is missed where the library of DuckDB for this platform is', () => {
    expect(missingPart()).toBeUndefined();
    const { arch } = process;
    try {
      Object.defineProperty(process, 'arch', { value: 'pdp11' });
      expect(missingPart()).toBe(`DuckDB is not installed for ${process.platform}-pdp11; install without --omit=optional`);
    } finally {
      Object.defineProperty(process, 'arch', { value: arch });
    }
  });

  it('is killed when it says nothing for long', async () => {
    const silent = program("process.on('message', () => process.send({ type: 'ready' })); setInterval(() => {}, 1000);");
    const { client, open, lines } = analytics({ program: silent, silentTicks: 1 });
    await open();
    await until(() => client.status().restarts === 1);
    expect(lines.map(({ message }) => message)).toContain('the analytics process is killed: it is silent');
  });

  it('is killed when it writes what makes no sense', async () => {
    const noise = frameHead({}, 0).fill(0xff).toString('base64');
    const odd = program(
      `import { Socket } from 'node:net';
       const pipe = new Socket({ fd: 4 });
       process.on('message', () => { process.send({ type: 'ready' }); setTimeout(() => pipe.write(Buffer.from('${noise}', 'base64')), 50); });
       setInterval(() => {}, 1000);`,
    );
    const { client, open } = analytics({ program: odd });
    await open();
    await until(() => client.status().restarts === 1);
  });
});
