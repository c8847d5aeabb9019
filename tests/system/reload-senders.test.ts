import { existsSync, readFileSync } from 'node:fs';
import { appendFile, rename, writeFile } from 'node:fs/promises';
import { Agent, request as httpRequest } from 'node:http';
import { createSecretKey } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { encode, logRecord, request } from '../support/build.ts';
import { Collector } from '../support/collector.ts';
import { partialSuccess } from '../support/destination.ts';
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

/** Each from an address of its own, as failures count by address. */
class Traffic {
  readonly acknowledged = new Set<string>();
  readonly statuses = new Map<number, number>();
  rejected = 0;
  #next = 0;
  #addresses = 1;
  readonly #url: string;
  running = true;

  constructor(url: string) {
    this.#url = url;
  }

  async send(sender: Sender): Promise<void> {
    const agent = new Agent({ keepAlive: true, maxSockets: 1, localAddress: `127.0.0.${(this.#addresses += 1)}` });
    while (this.running) {
      const ids = Array.from({ length: PER_REQUEST }, () => `${sender.scope}-${(this.#next += 1)}.`);
      const resource = sender.claims ? { 'periscope.scope': sender.scope } : {};
      const body = encode('logs', request('logs', [{ resource, items: ids.map((id) => logRecord({ id })) }]));
      const { status, answer } = await this.#post(agent, sender, body);
      this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1);
      if (status === 200) {
        const { rejected } = partialSuccess(answer);
        expect([0, PER_REQUEST]).toContain(rejected);
        this.rejected += rejected;
        if (rejected === 0) for (const id of ids) this.acknowledged.add(id);
      }
      await sleep(status === 200 ? PAUSE_MS : AFTER_REFUSAL_MS);
    }
    agent.destroy();
  }

  #post(agent: Agent, { authorization, headers, slow }: Sender, body: Uint8Array): Promise<{ status: number; answer: Buffer }> {
    const all = {
      'content-type': 'application/x-protobuf',
      'content-length': body.length,
      authorization: authorization(),
      ...headers,
    };
    return new Promise((resolve, reject) => {
      const sent = httpRequest(`${this.#url}/v1/logs`, { method: 'POST', agent, headers: all }, (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, answer: Buffer.concat(parts) }));
      });
      sent.once('error', reject);
      if (slow !== true) return void sent.end(body);
      sent.write(body.subarray(0, 50));
      void sleep(BETWEEN_MS * 1.5).then(() => sent.end(body.subarray(50)));
    });
  }
}

it.skipIf(process.platform !== 'linux')(
  'tokens are revoked, secrets changed and scopes taken away between reloads under load: nobody’s data leaves as another’s, and what was acknowledged is there once',
  { timeout: 120_000 },
  async () => {
    await using collector = await Collector.start(yaml(0));
    const traffic = new Traffic(collector.url());
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
