import { existsSync, readFileSync } from 'node:fs';
import { appendFile, rename, writeFile } from 'node:fs/promises';
import { Agent, request as httpRequest } from 'node:http';
import { connect as connectHttp2, type ClientHttp2Session } from 'node:http2';
import { connect } from 'node:net';
import { createSecretKey } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { encode, logRecord, request } from '../support/build.ts';
import { Collector } from '../support/collector.ts';
import { partialSuccess } from '../support/destination.ts';
import { prefixed } from '../support/raw-grpc.ts';
import { tokenOf } from '../support/tokens.ts';

const SECRETS = ['the first secret of tests, thirty-two bytes', 'the other secret of tests, thirty-two bytes'] as const;
const RELOADS = 12;
const PER_REQUEST = 20;
const BETWEEN_MS = 150;
const PAUSE_MS = 2;
/** So that no address fails often enough to be locked out. */
const AFTER_REFUSAL_MS = 300;
const SCOPES = ['A', 'B'] as const;
type Scope = (typeof SCOPES)[number];
const other = (scope: Scope): Scope => (scope === 'A' ? 'B' : 'A');

/** What changes: the secret, whose scope a user has, and whether another has both scopes or one. */
const yaml = (reload: number): string => {
  const moved = reload % 2 === 0 ? 'A' : 'B';
  return `
auth:
  tokens: { secret: '${SECRETS[Math.floor(reload / 2) % 2]}' }
  basic:
    moved: { password: a-password-of-tests, scopes: [${moved}] }
    cut: { password: a-password-of-tests, scopes: [${reload % 3 === 0 ? 'A' : 'A, B'}] }
storage: { directory: $FOLDER/state }
scopes: { A: , B: }
receivers:
  otlp:
    protocols:
      http: { endpoint: 127.0.0.1:0, auth: [token, basic] }
      grpc: { endpoint: 127.0.0.1:0, auth: [token, basic] }
processors:
  batch: { timeout: ${10 + reload}ms }
exporters:
  file: { path: '$FOLDER/out/{scope}.jsonl' }
service:
  reload_interval: 0
  pipelines:
    logs: { receivers: [otlp], processors: [batch], exporters: [file] }
`;
};

interface Sender {
  /** What its items are meant for; their ids begin with it. */
  readonly scope: Scope;
  readonly authorization: () => string;
  /** Its Resource says so, too; else only who it is tells. */
  readonly claims: boolean;
  readonly headers?: Readonly<Record<string, string>>;
  /** Half of each body comes a reload later. */
  readonly slow?: boolean;
}

const basic = (user: string): string => `Basic ${Buffer.from(`${user}:a-password-of-tests`).toString('base64')}`;

interface Answer {
  /** Of HTTP; a gRPC status is given as the one that means the same. */
  readonly status: number;
  readonly body: Buffer;
}
/** One connection, from an address of its own, as failures count by address. `half`: what is sent a reload later. */
interface Connection {
  post(headers: Readonly<Record<string, string>>, body: Uint8Array, half: number | undefined): Promise<Answer>;
  close(): void;
}

function overHttp(url: string, localAddress: string): Connection {
  const agent = new Agent({ keepAlive: true, maxSockets: 1, localAddress });
  return {
    post: (headers, body, half) =>
      new Promise((resolve, reject) => {
        const all = { 'content-type': 'application/x-protobuf', 'content-length': body.length, ...headers };
        const sent = httpRequest(`${url}/v1/logs`, { method: 'POST', agent, headers: all }, (response) => {
          const parts: Buffer[] = [];
          response.on('data', (part: Buffer) => parts.push(part));
          response.on('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(parts) }));
        });
        sent.once('error', reject);
        if (half === undefined) return void sent.end(body);
        sent.write(body.subarray(0, half));
        void sleep(BETWEEN_MS * 1.5).then(() => sent.end(body.subarray(half)));
      }),
    close: () => agent.destroy(),
  };
}

const METHOD = '/opentelemetry.proto.collector.logs.v1.LogsService/Export';
const HTTP_OF: Readonly<Record<string, number>> = { '0': 200, '7': 403, '16': 401 };

function overGrpc(url: string, localAddress: string): Connection {
  const { hostname: host, port } = new URL(url);
  const session: ClientHttp2Session = connectHttp2(url, {
    createConnection: () => connect({ host, port: Number(port), localAddress }),
  });
  return {
    post: (headers, body, half) =>
      new Promise((resolve, reject) => {
        const head = { ':method': 'POST', ':path': METHOD, 'content-type': 'application/grpc', te: 'trailers' };
        const sent = session.request({ ...head, ...headers });
        const parts: Buffer[] = [];
        let status: unknown;
        sent.on('response', (said) => (status = said['grpc-status']));
        sent.on('trailers', (said) => (status = said['grpc-status']));
        sent.on('data', (part: Buffer) => parts.push(part));
        sent.on('close', () => resolve({ status: HTTP_OF[String(status)] ?? -1, body: Buffer.concat(parts).subarray(5) }));
        sent.once('error', reject);
        const message = prefixed(body);
        if (half === undefined) return void sent.end(message);
        sent.write(message.subarray(0, half));
        // Refused by its head it is over by then.
        void sleep(BETWEEN_MS * 1.5).then(() => sent.writable && sent.end(message.subarray(half)));
      }),
    close: () => session.destroy(),
  };
}

class Traffic {
  readonly acknowledged = new Set<string>();
  readonly statuses = new Map<number, number>();
  rejected = 0;
  #next = 0;
  #addresses = 1;
  readonly #open: (localAddress: string) => Connection;
  running = true;

  constructor(open: (localAddress: string) => Connection) {
    this.#open = open;
  }

  async send({ scope, claims, authorization, headers, slow }: Sender): Promise<void> {
    const connection = this.#open(`127.0.0.${(this.#addresses += 1)}`);
    while (this.running) {
      const ids = Array.from({ length: PER_REQUEST }, () => `${scope}-${(this.#next += 1)}.`);
      const resource = claims ? { 'periscope.scope': scope } : {};
      const bytes = encode('logs', request('logs', [{ resource, items: ids.map((id) => logRecord({ id })) }]));
      const all = { authorization: authorization(), ...headers };
      const { status, body } = await connection.post(all, bytes, slow === true ? 50 : undefined);
      this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1);
      if (status === 200) {
        const { rejected } = partialSuccess(body);
        expect([0, PER_REQUEST]).toContain(rejected);
        this.rejected += rejected;
        if (rejected === 0) for (const id of ids) this.acknowledged.add(id);
      }
      await sleep(status === 200 ? PAUSE_MS : AFTER_REFUSAL_MS);
    }
    connection.close();
  }
}

it.skipIf(process.platform !== 'linux').each(['HTTP', 'gRPC'] as const)(
  '%s: tokens are revoked, secrets changed and scopes taken away between reloads under load: nobody’s data leaves as another’s, and what was acknowledged is there once',
  { timeout: 120_000 },
  async (protocol) => {
    await using collector = await Collector.start(yaml(0));
    const traffic = new Traffic((address) =>
      protocol === 'HTTP' ? overHttp(collector.url(), address) : overGrpc(collector.grpcUrl, address),
    );
    const bearer = async (scopes: readonly string[], secret: number, jti: string): Promise<string> =>
      `Bearer ${await tokenOf({ claims: { scopes: [...scopes], sub: jti, jti }, key: createSecretKey(SECRETS[secret]!, 'utf8') })}`;
    const senders: Sender[] = [];
    for (const scope of SCOPES) {
      for (const secret of [0, 1]) {
        const own = await bearer([scope], secret, `own-${scope}-${secret}`);
        const both = await bearer(SCOPES, secret, `both-${scope}-${secret}`);
        senders.push({ scope, claims: false, authorization: () => own });
        senders.push({ scope, claims: true, authorization: () => own, slow: true });
        senders.push({ scope, claims: false, authorization: () => both, headers: { 'x-dashboard-scope': scope } });
        senders.push({ scope, claims: true, authorization: () => both });
      }
      // Its data claims one scope while it may be of the other.
      senders.push({ scope, claims: true, authorization: () => basic('moved') });
      senders.push({ scope, claims: true, authorization: () => basic('moved'), slow: true });
      senders.push({ scope, claims: false, authorization: () => basic('cut'), headers: { 'x-dashboard-scope': scope } });
    }
    const sending = senders.map((sender) => traffic.send(sender));

    const path = join(collector.folder, 'periscope.yaml');
    const told = (): number => collector.output.split('the configuration has changed').length;
    for (let reload = 1; reload <= RELOADS; reload++) {
      await writeFile(`${path}.new`, yaml(reload).replaceAll('$FOLDER', collector.folder));
      await rename(`${path}.new`, path);
      const before = told();
      collector.process.kill('SIGHUP');
      while (told() === before) await sleep(5);
      const scope = SCOPES[reload % 2]!;
      if (reload === 7 || reload === 8)
        await appendFile(join(collector.folder, 'state/revoked-tokens'), `own-${scope}-0\nboth-${other(scope)}-1\n`);
      await sleep(BETWEEN_MS);
    }
    traffic.running = false;
    await Promise.all(sending);
    expect(await collector.stop()).toEqual({ code: 0, signal: null });

    expect([...traffic.statuses.keys()].toSorted(), JSON.stringify([...traffic.statuses])).toEqual([200, 401, 403]);
    // Of the user who was moved, in the half of the time when its data claimed the wrong scope.
    expect(traffic.rejected).toBeGreaterThan(0);
    const arrived: string[] = [];
    for (const scope of SCOPES) {
      const file = join(collector.folder, 'out', `${scope}.jsonl`);
      const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
      const ids = [...text.matchAll(/[AB]-\d+\./g)].map(([id]) => id);
      expect(
        ids.find((id) => !id.startsWith(scope)),
        `crossed to ${scope}`,
      ).toBeUndefined();
      expect(text).not.toContain(`"stringValue":"${other(scope)}"`);
      expect(ids.length).toBeGreaterThan(PER_REQUEST);
      arrived.push(...ids);
    }
    expect(new Set(arrived).size, 'doubled').toBe(arrived.length);
    expect(arrived.length).toBe(traffic.acknowledged.size);
    expect(arrived.find((id) => !traffic.acknowledged.has(id))).toBeUndefined();
  },
);
