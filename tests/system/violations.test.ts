import { writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { auditVerify } from '../../agent/collector/audit-commands.ts';
import { cpuMs } from '../../bench/ingest/process-figures.ts';
import type { ViolationsFigures } from '../../bench/violations/violations.ts';
import { encode, logRecord, request } from '../support/build.ts';
import { recordsIn } from '../support/audit-logs.ts';
import { Collector } from '../support/collector.ts';
import { SECRET, tokenOf } from '../support/tokens.ts';

/** `npm run bench -- violations` runs this with a million. */
const VIOLATIONS = Number(process.env['VIOLATIONS'] ?? 20_000);
const PER_REQUEST = Number(process.env['VIOLATIONS_PER_REQUEST'] ?? 10);
const REQUESTS = Math.ceil(VIOLATIONS / PER_REQUEST);
const BAD = REQUESTS * PER_REQUEST;
/** Elsewhere a machine has one address of its own unless somebody gives it more. */
const CLIENTS = process.platform === 'linux' ? ['127.0.0.1', '127.0.0.2', '127.0.0.3', '127.0.0.4'] : ['127.0.0.1'];
/** Of each of them. */
const CONNECTIONS = 8;
const lies = Array.from({ length: PER_REQUEST }, () => logRecord({ 'periscope.scope': 'B' }));
/** Of a sender for A: one that is, and others that are not. */
const BODY = encode('logs', request('logs', [{ resource: {}, items: [logRecord({ n: 1n }), ...lies] }]));

const YAML = `
storage: { directory: $FOLDER/.periscope }
auth: { tokens: { secret: '${SECRET}' } }
scopes: { A: {}, B: {} }
receivers: { otlp: { protocols: { http: { endpoint: '127.0.0.1:0', auth: token } } } }
processors: { batch: }
exporters: { debug: { verbosity: basic, sending_queue: { queue_size: 1000000 } } }
extensions: { audit: , health_check: { endpoint: '127.0.0.1:0' } }
service:
  extensions: [audit, health_check]
  pipelines: { logs: { receivers: [otlp], processors: [batch], exporters: [debug] } }
`;

interface Lie {
  readonly port: number;
  readonly client: string;
  readonly head: Buffer;
  readonly requests: number;
}

/** Posts its requests one after another, the next when the one before is answered; resolves to the status lines, counted. */
function lie({ port, client, head, requests }: Lie): Promise<Map<string, number>> {
  const answers = new Map<string, number>();
  const wire = Buffer.concat([head, BODY]);
  let left = requests;
  let got = Buffer.alloc(0);
  return new Promise((resolve, reject) => {
    const socket: Socket = connect({ host: '127.0.0.1', port, localAddress: client, noDelay: true }, () => socket.write(wire));
    socket.on('error', reject);
    socket.on('data', (chunk) => {
      got = got.length === 0 ? Buffer.from(chunk) : Buffer.concat([got, chunk]);
      const end = got.indexOf('\r\n\r\n');
      if (end < 0) return;
      const text = got.toString('latin1', 0, end);
      const length = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? Number.NaN);
      if (got.length < end + 4 + length) return;
      got = Buffer.alloc(0);
      const status = text.slice(0, text.indexOf('\r\n'));
      answers.set(status, (answers.get(status) ?? 0) + 1);
      left -= 1;
      if (left > 0) socket.write(wire);
      else socket.end(() => resolve(answers));
    });
    socket.on('close', () => reject(new Error(`the connection has ended, ${left} answers before its own end`)));
  });
}

/** How many of the requests sender `n` of so many sends. */
const shareOf = (n: number, senders: number): number =>
  Math.floor((REQUESTS * (n + 1)) / senders) - Math.floor((REQUESTS * n) / senders);

it(
  `${BAD.toLocaleString('en')} items that claim another scope, of ${CLIENTS.length} addresses: exact in the ledger and in the audit log, whose records are few`,
  { timeout: 60_000 + 2 * REQUESTS },
  async () => {
    await using collector = await Collector.start(YAML);
    const token = await tokenOf({ claims: { exp: Math.floor(Date.now() / 1000) + 3600 } });
    const head = Buffer.from(
      `POST /v1/logs HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/x-protobuf\r\nContent-Length: ${BODY.length}\r\n\r\n`,
    );
    const port = Number(new URL(collector.url()).port);
    const isMeasured = process.env['VIOLATIONS_REPORT'] !== undefined;
    const startedAt = performance.now();
    const cpuAtMs = isMeasured ? cpuMs(collector.pid) : 0;
    const senders = CLIENTS.flatMap((client) => Array.from({ length: CONNECTIONS }, () => client)).map((client, n, { length }) =>
      lie({ port, client, head, requests: shareOf(n, length) }),
    );
    const answers = await Promise.all(senders);
    const seconds = (performance.now() - startedAt) / 1000;
    const cpuSeconds = isMeasured ? (cpuMs(collector.pid) - cpuAtMs) / 1000 : 0;
    expect(answers.every((of) => of.size === 1 && of.has('HTTP/1.1 200 OK'))).toBe(true);

    const ledger = await collector.ledger();
    expect(ledger.receivers).toEqual([
      {
        receiver: 'otlp',
        scope: 'A',
        signal: 'logs',
        received: REQUESTS + BAD,
        accepted: REQUESTS,
        rejected: { scope_mismatch: BAD },
      },
    ]);
    expect(await collector.stop()).toEqual({ code: 0, signal: null });

    const records = (await recordsIn(join(collector.folder, '.periscope/audit'))).filter(
      ({ type }) => type === 'SCOPE_VIOLATION',
    );
    expect(records.reduce((sum, { items = 0 }) => sum + items, 0)).toBe(BAD);
    expect(records.reduce((sum, { events = 1 }) => sum + events, 0)).toBe(REQUESTS);
    expect(new Set(records.map(({ client }) => client))).toEqual(new Set(CLIENTS));
    // Of each client and second the first by itself, and a count of the others; a second that has begun counts.
    expect(records.length).toBeLessThanOrEqual(2 * CLIENTS.length * (Math.ceil(seconds) + 1));
    expect(await auditVerify({ config: [join(collector.folder, 'periscope.yaml')], set: [] })).toMatchObject({ ok: true });

    const report = process.env['VIOLATIONS_REPORT'];
    const figures: ViolationsFigures = { violations: BAD, requests: REQUESTS, records: records.length, seconds, cpuSeconds };
    if (report !== undefined) writeFileSync(report, JSON.stringify(figures));
  },
);
