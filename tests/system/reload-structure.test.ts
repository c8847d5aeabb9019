import { readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { Agent, request as httpRequest } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { LedgerSnapshot } from '../../pipeline/ledger.ts';
import { encode, logRecord, request } from '../support/build.ts';
import { Collector } from '../support/collector.ts';
import { GrpcPeer } from '../support/grpc-peer.ts';
import { GrpcSink } from '../support/grpc-sink.ts';
import { sumOf } from '../support/ledger.ts';
import { OtlpSink } from '../support/otlp-sink.ts';

const METHOD = '/opentelemetry.proto.collector.logs.v1.LogsService/Export';
const RELOADS = 24;
const PER_REQUEST = 50;
const BETWEEN_MS = 60;
const PAUSE_MS = 4;
const ID = /id-\d{7}\./g;

/** `otlp`, `otlp_http` and the pipeline `logs` stay; all else comes, goes and changes, each at its own pace. */
function yaml(reload: number, http: string, grpc: string): string {
  const has = (every: number): boolean => reload % every === 0;
  const [extra, second, peer, changes] = [has(2), has(3), !has(4), Math.floor(reload / 5)];
  const names = (...all: readonly (string | false)[]): string => all.filter((name) => name !== false).join(', ');
  return `
receivers:
  otlp:
    protocols: { http: { endpoint: 127.0.0.1:0 }, grpc: { endpoint: 127.0.0.1:0 } }
${extra ? `  otlp/extra: { protocols: { http: { endpoint: 127.0.0.1:0, max_connections: ${100 + reload} } } }` : ''}
processors:
  batch: { timeout: ${10 + reload}ms }
  filter: { log_conditions: ['log.attributes["keep"] == "0"'] }
exporters:
  otlp_http: { endpoint: "${http}", compression: none }
  file: { path: $FOLDER/out-${changes}.jsonl }
${peer ? `  otlp: { endpoint: "${grpc}", tls: { insecure: true } }` : ''}
${second ? '  file/second: { path: $FOLDER/second.jsonl }' : ''}
extensions: { health_check: { endpoint: 127.0.0.1:0 } }
service:
  reload_interval: 0
  extensions: [health_check]
  telemetry: { metrics: { level: none } }
  pipelines:
    logs: { receivers: [${names('otlp', extra && 'otlp/extra')}], processors: [${names(has(2) && 'filter', 'batch')}], exporters: [${names('otlp_http', 'file', peer && 'otlp')}] }
${second ? '    logs/second: { receivers: [otlp], exporters: [file/second] }' : ''}
`;
}

type Row = LedgerSnapshot['exporters'][number];
const sum = <Each>(rows: readonly Each[], of: (row: Each) => number): number => rows.reduce((total, row) => total + of(row), 0);

/** The equations that hold over all configurations of this test, at every moment. */
function expectEquations({ receivers, pipelines, exporters }: LedgerSnapshot): void {
  for (const row of receivers) expect(row.accepted + sumOf(row.rejected), JSON.stringify(row)).toBe(row.received);
  for (const row of exporters)
    expect(row.exported + row.refused + sumOf(row.dropped) + row.inFlight, JSON.stringify(row)).toBe(row.routed);
  const passed = (id: string): number =>
    sum(
      pipelines.filter(({ pipeline }) => pipeline === id),
      ({ accepted, dropped }) => accepted - sumOf(dropped),
    );
  const routed = (id: string): number =>
    sum(
      exporters.filter(({ exporter }) => exporter === id),
      (row: Row) => row.routed,
    );
  const taken = sum(
    pipelines.filter(({ pipeline }) => pipeline === 'logs'),
    ({ accepted }) => accepted,
  );
  const said = JSON.stringify({ receivers, pipelines, exporters });
  expect(taken, said).toBe(sum(receivers, ({ accepted }) => accepted));
  expect([routed('otlp_http'), routed('file')], said).toEqual([passed('logs'), passed('logs')]);
  expect(routed('file/second'), said).toBe(passed('logs/second'));
  expect(routed('otlp'), said).toBeLessThanOrEqual(passed('logs'));
}

class Load {
  readonly acknowledged = new Set<string>();
  readonly faults: (string | number)[] = [];
  running = true;
  #next = 0;

  /** `send` gives true, or why it was not taken. */
  async run(send: (body: Buffer) => Promise<true | string | number>, mayFail = false): Promise<void> {
    while (this.running) {
      const ids = Array.from({ length: PER_REQUEST }, () => `id-${String((this.#next += 1)).padStart(7, '0')}.`);
      const items = ids.map((id, n) => logRecord({ id, keep: String(n % 2) }));
      const answer = await send(Buffer.from(encode('logs', request('logs', [{ resource: {}, items }]))));
      // Of the others some are filtered, some of the time.
      if (answer === true) for (const id of ids.filter((_, n) => n % 2 === 1)) this.acknowledged.add(id);
      else if (!mayFail) this.faults.push(answer);
      await sleep(PAUSE_MS);
    }
  }
}

function post(url: string, agent: Agent, body: Buffer): Promise<true | string | number> {
  const headers = { 'content-type': 'application/x-protobuf', 'content-length': body.length };
  return new Promise((resolve) => {
    const sent = httpRequest(`${url}/v1/logs`, { method: 'POST', agent, headers }, (answer) => {
      answer.resume().once('end', () => resolve(answer.statusCode === 200 ? true : (answer.statusCode ?? 0)));
    });
    sent.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    sent.end(body);
  });
}

const idsIn = (bytes: Uint8Array | Buffer): string[] => Buffer.from(bytes).toString('latin1').match(ID) ?? [];

it(
  'exporters, receivers, pipelines and processors come, go and change under load: the ledger balances at every look, and every destination has what it says',
  { timeout: 120_000 },
  async () => {
    const http = await OtlpSink.start();
    const grpc = await GrpcSink.start();
    const peers: GrpcPeer[] = [];
    try {
      await using collector = await Collector.start(yaml(1, http.url, grpc.endpoint));
      const url = collector.url();
      const load = new Load();
      const agents = Array.from({ length: 2 }, () => new Agent({ keepAlive: true, maxSockets: 1 }));
      const sending = agents.map((agent) => load.run((body) => post(url, agent, body)));
      const peer = new GrpcPeer(collector.grpcUrl);
      peers.push(peer);
      sending.push(load.run(async (body) => (await peer.call(METHOD, body)).code === 0 || 'gRPC'));
      // The one that comes and goes: where it last was.
      const passing = new Agent();
      const extra = (): string => [...collector.output.matchAll(/OTLP over HTTP at (http:\S+)/g)].at(-1)?.[1] ?? url;
      sending.push(load.run((body) => post(extra(), passing, body), true));
      let looks = 0;
      const watching = (async () => {
        while (load.running) {
          expectEquations(await collector.ledger());
          looks += 1;
          await sleep(5);
        }
      })();
      const path = join(collector.folder, 'periscope.yaml');
      const told = (): number => collector.output.split('the configuration has changed').length;
      for (let reload = 2; reload <= RELOADS; reload++) {
        const before = told();
        await writeFile(`${path}.new`, yaml(reload, http.url, grpc.endpoint).replaceAll('$FOLDER', collector.folder));
        await rename(`${path}.new`, path);
        collector.process.kill('SIGHUP');
        while (told() === before) {
          expect(collector.output).not.toContain('cannot take the new configuration');
          await sleep(5);
        }
        await sleep(BETWEEN_MS);
      }
      load.running = false;
      await Promise.all([...sending, watching]);
      for (const agent of [...agents, passing]) agent.destroy();

      let ledger = await collector.ledger();
      while (ledger.exporters.some(({ inFlight }) => inFlight > 0)) {
        await sleep(20);
        ledger = await collector.ledger();
      }
      expectEquations(ledger);
      expect(await collector.stop()).toEqual({ code: 0, signal: null });
      expect(load.faults).toEqual([]);
      expect(looks).toBeGreaterThan(RELOADS);

      const files = (await readdir(collector.folder)).filter((name) => name.endsWith('.jsonl'));
      expect(files.length).toBeGreaterThan(3);
      const read = async (name: string): Promise<string[]> => idsIn(await readFile(join(collector.folder, name)));
      const written = async (start: string): Promise<string[]> =>
        (await Promise.all(files.filter((name) => name.startsWith(start)).map(read))).flat();
      const arrived: Readonly<Record<string, string[]>> = {
        otlp_http: http.requests.flatMap(({ body }) => idsIn(body)),
        otlp: grpc.requests.flatMap(({ body }) => idsIn(body)),
        file: await written('out'),
        'file/second': await written('second'),
      };
      for (const [exporter, ids] of Object.entries(arrived)) {
        const rows = ledger.exporters.filter((row) => row.exporter === exporter);
        expect(ids.length, exporter).toBeGreaterThan(0);
        expect(new Set(ids).size, `${exporter}: doubled`).toBe(ids.length);
        expect(
          sum(rows, ({ exported }) => exported),
          exporter,
        ).toBe(ids.length);
        expect(
          sum(rows, ({ refused, dropped }) => refused + sumOf(dropped)),
          exporter,
        ).toBe(0);
      }
      const all = new Set(arrived['otlp_http']);
      expect([...load.acknowledged].find((id) => !all.has(id))).toBeUndefined();
      expect(arrived['file']!.toSorted()).toEqual([...all].toSorted());
    } finally {
      for (const peer of peers) peer.close();
      grpc.close();
      await http.close();
    }
  },
);
