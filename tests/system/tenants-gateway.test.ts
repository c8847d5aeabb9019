import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { TenantsFigures } from '../../bench/tenants/record.ts';
import { auditVerify } from '../../agent/collector/audit-commands.ts';
import type { LedgerSnapshot } from '../../pipeline/ledger.ts';
import { SIGNALS, type Signal } from '../../pipeline/signal.ts';
import { attack } from '../support/adversary.ts';
import { recordsIn } from '../support/audit-logs.ts';
import { Collector, MAIN } from '../support/collector.ts';
import { delivered, partialSuccess } from '../support/destination.ts';
import { GrpcPeer } from '../support/grpc-peer.ts';
import { OtlpSink } from '../support/otlp-sink.ts';
import { encodeOddly, seeded } from '../support/reference/odd-encoder.ts';
import { encode } from '../support/reference/otlp.ts';
import { ROOT } from '../support/tree.ts';

/** `npm run bench -- tenants` runs this with a million. */
const ITEMS = Number(process.env['TENANTS_ITEMS'] ?? 12_000);
const PER_REQUEST = 200;
const SEED = Number(process.env['SEED'] ?? Date.now() % 1_000_000);
const TENANTS = ['ACME', 'GLOBEX', 'INITECH'] as const;
type Tenant = (typeof TENANTS)[number];
const METHODS: Readonly<Record<Signal, string>> = {
  metrics: '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export',
  traces: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
  logs: '/opentelemetry.proto.collector.logs.v1.LogsService/Export',
};
const RETRYABLE = new Set([429, 503]);
const RESOURCE_EXHAUSTED = 8;
const UNAVAILABLE = 14;
const FREE = '127.0.0.1:0';

/** What one exit has got: items are judged as they come and not kept. */
class Exit {
  readonly tenant: Tenant;
  readonly ids = new Set<string>();
  readonly scopes = new Set<string | undefined>();
  doubled = 0;

  constructor(tenant: Tenant) {
    this.tenant = tenant;
  }

  take(ids: readonly string[], scopes: Iterable<string | undefined>): void {
    for (const id of ids) {
      if (this.ids.has(id)) this.doubled += 1;
      this.ids.add(id);
    }
    for (const scope of scopes) this.scopes.add(scope);
  }
}

const listens = Object.fromEntries(
  ['OTLP_LISTEN', 'OTLP_GRPC_LISTEN', 'HEALTH_LISTEN', 'API_LISTEN'].map((name) => [name, FREE]),
);
const sum = (numbers: readonly number[]): number => numbers.reduce((all, each) => all + each, 0);

/** The shipped example, with one more exit that all three tenants share: files, by scope. */
function yaml(): string {
  return readFileSync(join(ROOT, 'config/examples/gateway-tenants.yaml'), 'utf8')
    .replace('${env:PERISCOPE_STATE:-.periscope}', '$FOLDER/.periscope')
    .replace('exporters:\n', "exporters:\n  file:\n    path: '$FOLDER/out/{scope}/{signal}.jsonl'\n")
    .replace('exporters: [otlp_http/acme,', 'exporters: [file, otlp_http/acme,');
}

/** Sends until it is taken; a gateway that asks for time gets it. Returns how many items it rejected, and its words. */
type Send = (signal: Signal, body: Uint8Array) => Promise<{ rejected: number; message: string }>;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function overHttp(url: string, token: string): Send {
  return async (signal, body) => {
    for (;;) {
      const headers = { 'content-type': 'application/x-protobuf', authorization: `Bearer ${token}` };
      const response = await fetch(`${url}/v1/${signal}`, {
        method: 'POST',
        headers,
        body: body as NonNullable<RequestInit['body']>,
      });
      const answer = new Uint8Array(await response.arrayBuffer());
      if (response.status === 200) return partialSuccess(answer);
      if (!RETRYABLE.has(response.status)) throw new Error(`HTTP ${response.status}: ${Buffer.from(answer).toString()}`);
      await pause(1000 * Number(response.headers.get('retry-after')));
    }
  };
}

function overGrpc(peer: GrpcPeer, token: string): Send {
  return async (signal, body) => {
    for (;;) {
      const reply = await peer.call(METHODS[signal], body, { metadata: { authorization: `Bearer ${token}` } });
      if (reply.code === 0) return partialSuccess(reply.message ?? new Uint8Array());
      if (reply.code !== RESOURCE_EXHAUSTED && reply.code !== UNAVAILABLE) throw new Error(`gRPC ${reply.code}: ${reply.words}`);
      await pause(1000);
    }
  };
}

interface Sent {
  readonly good: ReadonlySet<string>;
  readonly bad: number;
  readonly made: number;
}

/** One tenant's lying sender, over both protocols in turn. */
async function attackAs(tenant: Tenant, items: number, sends: readonly Send[]): Promise<Sent> {
  const random = seeded(SEED + TENANTS.indexOf(tenant));
  const good = new Set<string>();
  let bad = 0;
  let made = 0;
  for (let n = 0; made < items; n++) {
    const signal = SIGNALS[n % 3] as Signal;
    const victim = TENANTS[(TENANTS.indexOf(tenant) + 1 + (n % 2)) % 3] as Tenant;
    const attacked = attack(signal, PER_REQUEST, `${tenant}.${n}`, tenant, victim, random);
    made += attacked.good.length + attacked.bad.length;
    bad += attacked.bad.length;
    for (const id of attacked.good) good.add(id);
    const odd = { shuffle: true, repeat: true, unknown: n % 4 === 1, unpack: true, overlong: n % 8 === 1 };
    const body = n % 2 === 0 ? encode(signal, attacked.tree) : encodeOddly(signal, attacked.tree, random, odd);
    // Over each protocol every signal, as no SDK would write it or as one would.
    const said = await (sends[Math.floor(n / 2) % sends.length] as Send)(signal, body);
    expect(said.rejected, `request ${n}, ${signal} of ${tenant}`).toBe(attacked.bad.length);
  }
  return { good, bad, made };
}

/** The ids in the files of one scope, and every scope that a Resource in them names. */
function inFiles(folder: string): { ids: string[]; scopes: Set<string> } {
  const ids: string[] = [];
  const scopes = new Set<string>();
  const noteId = (_key: string, value: Partial<Plain> | null): unknown => {
    if (value?.key === 'id') ids.push(value.value?.stringValue ?? '');
    return value;
  };
  for (const name of readdirSync(folder)) {
    for (const line of readFileSync(join(folder, name), 'utf8').split('\n')) {
      if (line === '') continue;
      const groups = Object.values(JSON.parse(line, noteId) as Record<string, { resource: { attributes: Plain[] } }[]>).flat();
      for (const { resource } of groups)
        for (const { key, value } of resource.attributes) if (key === 'periscope.scope') scopes.add(value.stringValue ?? '');
    }
  }
  return { ids, scopes };
}
interface Plain {
  readonly key: string;
  readonly value: { readonly stringValue?: string };
}

const missing = (wanted: ReadonlySet<string>, got: ReadonlySet<string>): string[] =>
  [...wanted].filter((id) => !got.has(id)).slice(0, 3);

it(
  `three tenants, three tokens: of ${ITEMS.toLocaleString('en')} adversarial items over HTTP and gRPC none crosses at any exit, and each violation is in the ledger and in the audit log (SEED=${SEED})`,
  { timeout: 120_000 + ITEMS },
  async () => {
    const exits = TENANTS.map((tenant) => new Exit(tenant));
    const sinks = await Promise.all(
      exits.map(async (exit) => {
        const sink = await OtlpSink.start(({ signal, body }) => {
          const { ids, scopes } = delivered(signal as Signal, body);
          exit.take(ids, scopes);
          sink.requests.length = 0;
          return undefined;
        });
        return sink;
      }),
    );
    const peers: GrpcPeer[] = [];
    try {
      const destinations = Object.fromEntries(TENANTS.map((tenant, n) => [`${tenant}_DESTINATION`, sinks[n]!.url]));
      await using collector = await Collector.start(yaml(), { env: { ...listens, ...destinations } });
      const startedAt = performance.now();
      const sent = await Promise.all(
        TENANTS.map((tenant) => {
          const args = ['token', 'create', '--config', 'periscope.yaml', '--subject', `${tenant} agent`, '--scopes', tenant];
          const token = spawnSync(process.execPath, [MAIN, ...args], { cwd: collector.folder, encoding: 'utf8' }).stdout.trim();
          const peer = new GrpcPeer(collector.grpcUrl);
          peers.push(peer);
          return attackAs(tenant, Math.ceil(ITEMS / 3), [overHttp(collector.url(), token), overGrpc(peer, token)]);
        }),
      );
      const seconds = (performance.now() - startedAt) / 1000;
      const owner = readFileSync(join(collector.folder, '.periscope/token'), 'utf8').trim();
      const answer = await fetch(`${collector.url('dashboard')}/api/v1/ledger`, {
        headers: { authorization: `Bearer ${owner}` },
      });
      const { receivers } = (await answer.json()) as LedgerSnapshot;
      expect(await collector.stop()).toEqual({ code: 0, signal: null });

      const folder = join(collector.folder, '.periscope/audit');
      const violations = (await recordsIn(folder)).filter(({ type }) => type === 'SCOPE_VIOLATION');
      expect(await auditVerify({ config: [join(collector.folder, 'periscope.yaml')], set: [] })).toMatchObject({ ok: true });
      TENANTS.forEach((tenant, n) => {
        const { good, bad, made } = sent[n]!;
        const exit = exits[n]!;
        const rows = receivers.filter((row) => row.scope === tenant);
        expect(sum(rows.map((row) => row.received)), `received of ${tenant}`).toBe(made);
        expect(sum(rows.map((row) => row.accepted)), `accepted of ${tenant}`).toBe(good.size);
        expect(sum(rows.map((row) => row.rejected['scope_mismatch'] ?? 0)), `violations of ${tenant}`).toBe(bad);
        const audited = violations.filter(({ scope }) => scope === tenant);
        expect(sum(audited.map(({ items }) => items ?? 0)), `audited of ${tenant}`).toBe(bad);
        expect(new Set(audited.map(({ user }) => user))).toEqual(new Set([`${tenant} agent`]));

        expect(exit.scopes, `scopes at the destination of ${tenant}`).toEqual(new Set([tenant]));
        expect(missing(exit.ids, good), `crossed to ${tenant}`).toEqual([]);
        expect(missing(good, exit.ids), `lost of ${tenant}`).toEqual([]);
        expect(exit.doubled).toBe(0);

        const files = inFiles(join(collector.folder, 'out', tenant));
        expect(files.scopes, `scopes in the files of ${tenant}`).toEqual(new Set([tenant]));
        expect(missing(new Set(files.ids), good), `crossed to the files of ${tenant}`).toEqual([]);
        expect(files.ids).toHaveLength(good.size);
      });
      expect(readdirSync(join(collector.folder, 'out')).toSorted()).toEqual([...TENANTS]);
      expect(receivers.map(({ scope }) => scope).filter((scope) => !TENANTS.includes(scope as Tenant))).toEqual([]);
      const all = sum(sent.map(({ made }) => made));
      const bad = sum(sent.map((each) => each.bad));
      expect(bad).toBeGreaterThan(all / 10);
      const report = process.env['TENANTS_REPORT'];
      const figures: TenantsFigures = { items: all, violations: bad, crossings: 0, exits: 2 * TENANTS.length, seconds };
      if (report !== undefined) writeFileSync(report, JSON.stringify(figures));
      if (process.env['TENANTS_ITEMS'] === undefined) return;
      console.log(
        `${all} items, ${bad} of them violations, in ${seconds.toFixed(0)} s: 0 crossings at 6 exits, ${bad} in the ledger, ${bad} in the audit log, which verifies`,
      );
    } finally {
      for (const peer of peers) peer.close();
      await Promise.all(sinks.map((sink) => sink.close()));
    }
  },
);
