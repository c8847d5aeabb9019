import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import * as build from '../support/build.ts';
import { Collector, MAIN } from '../support/collector.ts';
import { TestClient } from '../support/stream-bench.ts';

/** Two tenants by listener, one gateway's worth of windows; only tokens open the API. */
const YAML = `scopes: { ACME: {}, GLOBEX: {} }
receivers:
  otlp/acme: { protocols: { http: { endpoint: "127.0.0.1:0", scope: ACME } } }
  otlp/globex: { protocols: { http: { endpoint: "127.0.0.1:0", scope: GLOBEX } } }
processors: { batch: { timeout: 20ms } }
exporters:
  live:
  windows:
    memory: 512MiB
    max_age: 1h
    retry_on_failure: { initial_interval: 100ms, max_interval: 500ms }
extensions:
  dashboard: { endpoint: "127.0.0.1:0" }
storage: { directory: $FOLDER/state }
service:
  extensions: [dashboard]
  pipelines:
    logs: { receivers: [otlp/acme, otlp/globex], processors: [batch], exporters: [live, windows] }
`;
const TENANTS = ['ACME', 'GLOBEX'] as const;
type Tenant = (typeof TENANTS)[number];
/** One call of one function over one text: it hears of no interrupt. */
const STUCK = "SELECT max(levenshtein(repeat('ab', 2400) || i, repeat('ba', 2400) || i)) FROM range(2000) t(i)";

const until = async (holds: () => boolean | Promise<boolean>): Promise<void> => {
  while (!(await holds())) await sleep(20);
};

/** Processes whose parent is `pid`. */
function childrenOf(pid: number): number[] {
  const parentOf = (each: string): number => {
    try {
      return Number(/\) \S (\d+)/.exec(readFileSync(`/proc/${each}/stat`, 'utf8'))?.[1]);
    } catch {
      return 0;
    }
  };
  return readdirSync('/proc')
    .filter((each) => /^\d+$/.test(each) && parentOf(each) === pid)
    .map(Number);
}

/** Somebody with a token of one scope. */
class Person {
  readonly #collector: Collector;
  readonly token: string;

  constructor(collector: Collector, scopes: string, permissions = 'query,stream') {
    this.#collector = collector;
    const args = ['token', 'create', '--config', 'periscope.yaml', '--subject', `someone of ${scopes}`];
    const made = spawnSync(process.execPath, [MAIN, ...args, '--scopes', scopes, '--permissions', permissions], {
      cwd: collector.folder,
      encoding: 'utf8',
    });
    this.token = made.stdout.trim();
  }

  get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
    return fetch(`${this.#collector.url('dashboard')}${path}`, {
      headers: { authorization: `Bearer ${this.token}`, ...headers },
    });
  }

  sql(sql: string, headers: Readonly<Record<string, string>> = {}, path = '/api/v1/sql'): Promise<Response> {
    return fetch(`${this.#collector.url('dashboard')}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${this.token}`, ...headers },
      body: JSON.stringify({ sql }),
    });
  }

  async rows(sql: string): Promise<unknown[][]> {
    const answer = await this.sql(sql);
    return answer.ok ? ((await answer.json()) as { rows: unknown[][] }).rows : [];
  }

  async stream(): Promise<TestClient> {
    const url = `${this.#collector.url('dashboard').replace('http', 'ws')}/ws`;
    const socket = new WebSocket(url, ['periscope.v1'], { headers: { authorization: `Bearer ${this.token}` } });
    const client = new TestClient(socket);
    await once(socket, 'open');
    expect(await client.next()).toMatchObject({ type: 'welcome' });
    return client;
  }
}

async function log(collector: Collector, tenant: Tenant, body: string, items = 1): Promise<number> {
  const records = Array.from({ length: items }, (_, n) => build.logRecord({ n: BigInt(n) }, body));
  const request = build.request('logs', [{ resource: { 'service.name': `${tenant} shop` }, items: records }]);
  const response = await fetch(`${collector.url(`otlp/${tenant.toLowerCase()}`)}/v1/logs`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-protobuf' },
    body: build.encode('logs', request) as NonNullable<RequestInit['body']>,
  });
  await response.arrayBuffer();
  return response.status;
}

const COUNT = 'SELECT count(*) FROM otel_logs';

describe('the analytics process is killed', () => {
  it('idle, under load and in a query that cannot be ended: senders and viewers go on, askers are told to wait, the ledger says what was lost', async () => {
    await using collector = await Collector.start(YAML);
    const [acme, globex] = [new Person(collector, 'ACME'), new Person(collector, 'GLOBEX')];
    const viewer = await acme.stream();
    await viewer.send({ subscribe: 'logs', id: 'l' }).nextOf('snapshot');
    expect(await log(collector, 'ACME', 'before', 10)).toBe(200);
    await until(async () => Number((await acme.rows(COUNT))[0]?.[0]) === 10);

    let sent = 10;
    let sends = true;
    const statuses = new Set<number>();
    const sending = (async () => {
      while (sends) {
        statuses.add(await log(collector, 'ACME', 'during', 10));
        sent += 10;
        await sleep(10);
      }
    })();
    const waits = new Set<string>();
    const kill = async (): Promise<void> => {
      const [child] = childrenOf(collector.pid);
      process.kill(child!, 'SIGKILL');
      await until(async () => {
        const answer = await globex.sql('SELECT 1');
        if (answer.status === 503) waits.add(`${answer.status} ${answer.headers.get('retry-after')}`);
        return answer.ok && childrenOf(collector.pid)[0] !== child;
      });
    };
    await kill();
    await sleep(300);
    await kill();
    const stuck = acme.sql(STUCK);
    await sleep(300);
    await kill();
    expect((await stuck).status).toBe(503);
    // The same by itself: it is ended after its time, and its asker waits before asking again; nobody else does.
    const ended = await acme.sql(STUCK);
    expect([408, 503]).toContain(ended.status);
    await until(async () => (await globex.sql('SELECT 1')).ok);
    const again = await acme.sql('SELECT 1');
    expect([again.status, Number(again.headers.get('retry-after')) > 1]).toEqual([503, true]);

    sends = false;
    await sending;
    expect(statuses).toEqual(new Set([200]));
    expect([...waits]).toEqual(['503 1']);
    expect(viewer.ending).toBeUndefined();
    await viewer.nextOf('delta');

    // What is not in the windows was lost with a process, or let go by the queue; nothing is unaccounted for.
    const ledger = async () => (await (await acme.get('/api/v1/ledger')).json()) as LedgerAnswer;
    await until(async () => (await ledger()).exporters.every(({ inFlight }) => inFlight === 0));
    const { exporters, windows } = await ledger();
    const of = exporters.find(({ exporter }) => exporter === 'windows')!;
    const dropped = Object.values(of.dropped).reduce((sum, count) => sum + count, 0);
    expect(of.routed).toBe(sent);
    expect(of.exported + dropped).toBe(sent);
    expect(windows.map(({ scope }) => scope)).toEqual(['ACME']);
    expect(windows[0]!.rowsLost).toBeGreaterThanOrEqual(10);
    // Whatever was loaded is there or told as lost; one that was loaded and had no time to say so is loaded again.
    await until(async () => {
      const [held] = (await ledger()).windows;
      return held !== undefined && held.rows + held.rowsLost >= of.exported;
    });
  }, 120_000);

  it('goes with a collector that is killed, and survives windows that a reload bounds anew', async () => {
    const collector = await Collector.start(YAML);
    try {
      const acme = new Person(collector, 'ACME');
      await log(collector, 'ACME', 'kept', 5);
      await until(async () => Number((await acme.rows(COUNT))[0]?.[0]) === 5);
      const [child] = childrenOf(collector.pid);
      writeFileSync(
        join(collector.folder, 'periscope.yaml'),
        YAML.replace('max_age: 1h', 'max_rows: 100000\n    max_scopes: 1').replaceAll('$FOLDER', collector.folder),
      );
      collector.process.kill('SIGHUP');
      await collector.says(/the configuration has changed/);
      await until(async () => (await acme.sql(COUNT)).ok);
      expect(await acme.rows(COUNT)).toEqual([[5]]);
      expect(childrenOf(collector.pid)).toEqual([child]);
      // One scope has windows, and there may be no more: the other is refused, and this one notices nothing.
      const globex = new Person(collector, 'GLOBEX');
      expect(await log(collector, 'GLOBEX', 'one too many')).toBe(200);
      expect((await globex.sql(COUNT)).ok).toBe(false);
      expect(await acme.rows(COUNT)).toEqual([[5]]);
      await collector.stop('SIGKILL');
      await until(() => childrenOf(collector.pid).length === 0);
      await until(() => {
        try {
          return /\) Z /.test(readFileSync(`/proc/${child}/stat`, 'utf8'));
        } catch {
          return true;
        }
      });
    } finally {
      await collector[Symbol.asyncDispose]();
    }
  }, 60_000);
});

interface LedgerAnswer {
  readonly exporters: readonly {
    readonly exporter: string;
    readonly routed: number;
    readonly exported: number;
    readonly inFlight: number;
    readonly dropped: Readonly<Record<string, number>>;
  }[];
  readonly windows: readonly { readonly scope: string; readonly rows: number; readonly rowsLost: number }[];
}

describe('two tenants who both look', () => {
  it('see nothing of each other: by SQL, tables, ledger, live stream, ticket, cookie or fault', async () => {
    await using collector = await Collector.start(YAML);
    const people = { ACME: new Person(collector, 'ACME'), GLOBEX: new Person(collector, 'GLOBEX') };
    const secrets = { ACME: 'only-acme-7f3a', GLOBEX: 'only-globex-91c2' };
    const viewers = { ACME: await people.ACME.stream(), GLOBEX: await people.GLOBEX.stream() };
    for (const viewer of Object.values(viewers)) await viewer.send({ subscribe: 'logs', id: 'l' }).nextOf('snapshot');
    for (const tenant of TENANTS) await log(collector, tenant, secrets[tenant], 3);
    for (const [tenant, other] of [TENANTS, TENANTS.toReversed()] as const) {
      const person = people[tenant!];
      const strange = new RegExp(`${secrets[other!]}|${other}`, 'i');
      await until(async () => Number((await person.rows(COUNT))[0]?.[0]) === 3);
      const seen: string[] = [];
      const look = async (answer: Promise<Response>, status: number): Promise<void> => {
        const got = await answer;
        expect(got.status).toBe(status);
        seen.push((await got.text()) + JSON.stringify([...got.headers]));
      };
      for (const view of ['otel_logs', 'services', 'series', 'otel_traces', 'points', 'master_perf', 'master_perf_history'])
        await look(person.sql(`SELECT * FROM ${view}`), 200);
      await look(person.get('/api/v1/tables'), 200);
      await look(person.get('/api/v1/ledger'), 200);
      await look(person.get('/api/v1/scopes'), 200);
      await look(person.get('/api/infra/master-perf?format=csv'), 200);
      // Faults: of a table, a function, a file, what is too large, a wrong path.
      for (const [sql, status] of [
        ['SELECT * FROM nothing', 400],
        ['SELECT * FROM duckdb_tables()', 403],
        ["SELECT * FROM '/etc/passwd'", 400],
        ['SELECT Body::INT FROM otel_logs', 400],
        ['SELECT error(Body) FROM otel_logs', 400],
        ["ATTACH 'x'", 403],
      ] as const)
        await look(person.sql(sql), status);
      await look(person.get('/api/v1/nothing'), 404);
      expect(JSON.stringify(await viewers[tenant!].nextOf('delta'))).not.toMatch(strange);
      for (const text of seen) expect(text).not.toMatch(strange);
      expect(seen.join()).toContain(secrets[tenant!]);

      // To name the other widens nothing, wherever it is named; the answer is that of a scope that nobody has.
      for (const named of [other!, other!.toLowerCase(), `${tenant},${other}`, '*', 'NOBODY']) {
        const byHeader = await person.sql(COUNT, { 'x-dashboard-scope': named });
        const byQuery = await person.sql(COUNT, {}, `/api/v1/sql?scope=${encodeURIComponent(named)}`);
        for (const refused of [byHeader, byQuery]) {
          expect(refused.status).toBe(403);
          expect(await refused.json()).toMatchObject({ code: 'SCOPE_FORBIDDEN' });
        }
        const ticket = (await (
          await fetch(`${collector.url('dashboard')}/api/v1/ticket`, {
            method: 'POST',
            headers: { authorization: `Bearer ${person.token}` },
          })
        ).json()) as { ticket: string };
        const byTicket = `/api/v1/tables?token=${ticket.ticket}&scope=${encodeURIComponent(named)}`;
        expect((await fetch(`${collector.url('dashboard')}${byTicket}`)).status).toBe(403);
        // It was good once.
        expect((await fetch(`${collector.url('dashboard')}/api/v1/tables?token=${ticket.ticket}`)).status).toBe(401);
      }
      // No key of the body is a scope.
      const body = JSON.stringify({ sql: COUNT, scope: other });
      const headers = { authorization: `Bearer ${person.token}` };
      expect((await fetch(`${collector.url('dashboard')}/api/v1/sql`, { method: 'POST', headers, body })).status).toBe(400);
    }
  }, 60_000);

  it('one who asks ten heavy queries at once denies the other none', async () => {
    await using collector = await Collector.start(YAML);
    const [acme, globex] = [new Person(collector, 'ACME'), new Person(collector, 'GLOBEX')];
    const heavy = Array.from({ length: 10 }, () =>
      acme.sql('SELECT count(*) FROM range(1000000) a, range(1000000) b, range(99) c'),
    );
    await sleep(200);
    for (let n = 0; n < 20; n++) expect((await globex.sql('SELECT 1')).status).toBe(200);
    const ends = (await Promise.all(heavy)).map(({ status }) => status);
    expect(ends.every((status) => [408, 429, 503].includes(status))).toBe(true);
    expect(collector.output).not.toMatch(/is killed/);
  }, 60_000);
});
