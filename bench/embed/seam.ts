import { Agent, request } from 'node:http';
import { startCollector, type EmbeddedCollector } from '../../agent/embed.ts';
import { spread } from '../statistics.ts';

/** Requests under way at a time. */
const AT_ONCE = 16;
const SIZES = [1000, 100_000, 1_000_000];

type Send = (body: Uint8Array<ArrayBuffer>) => Promise<boolean>;

/**
 * What it costs to hand a request to a collector in the same process: across the seam, copied and given away, beside HTTP
 * on localhost to the same collector, in turn within each round. CPU is that of the whole process, the collector's work
 * (walk, bind, nobody to send to) included; the same bytes go every way. Records nothing.
 */
export async function seam(rounds: number, seconds: number): Promise<boolean> {
  const receivers = { otlp: { protocols: { http: { endpoint: '127.0.0.1:0' } } } };
  const collector = await startCollector({
    config: {
      receivers,
      exporters: { live: null },
      service: { pipelines: { logs: { receivers: ['otlp'], exporters: ['live'] } } },
    },
    log: () => {},
  });
  const http = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
  const ways: Readonly<Record<string, Send>> = {
    'seam, given away': async (body) => (await collector.export('logs', body, { transfer: true })).ok,
    'seam, copied': async (body) => (await collector.export('logs', body)).ok,
    'HTTP on localhost': (body) => post(http, collector, body),
  };
  let whole = true;
  for (const bytes of SIZES) whole = (await measure(ways, requestOf(bytes), rounds, seconds)) && whole;
  http.destroy();
  await collector.stop();
  return whole;
}

/** Prints what each way takes; false when a request was refused. */
async function measure(
  ways: Readonly<Record<string, Send>>,
  content: Uint8Array,
  rounds: number,
  seconds: number,
): Promise<boolean> {
  const figures = Object.keys(ways).map((way) => ({ way, cpu: [] as number[], one: [] as number[] }));
  let refused = 0;
  for (let round = 0; round < rounds; round++) {
    for (const { way, cpu, one } of figures) {
      const alone = await run(ways[way]!, content, 1, seconds / 2);
      const many = await run(ways[way]!, content, AT_ONCE, seconds / 2);
      refused += alone.refused + many.refused;
      one.push(alone.wallUs);
      cpu.push(many.cpuUs);
    }
  }
  for (const { way, cpu, one } of figures) {
    const { median, min, max } = spread(cpu);
    const worked = `${median.toFixed(0).padStart(5)} us of CPU (${min.toFixed(0)} to ${max.toFixed(0)})`;
    const answered = `answered after ${spread(one).median.toFixed(0).padStart(5)} us`;
    console.log(`${String(content.length).padStart(8)} B  ${way.padEnd(18)} ${worked}, ${answered}`);
  }
  return refused === 0;
}

/** A request of log records with a text of 100 bytes. */
function requestOf(bytes: number): Uint8Array<ArrayBuffer> {
  const body = Buffer.concat([Buffer.from([0x2a, 102, 0x0a, 100]), Buffer.alloc(100, 'a')]);
  const record = Buffer.concat([Buffer.from([0x12, body.length]), body]);
  const records = Buffer.concat(Array.from({ length: Math.max(1, Math.round(bytes / record.length)) }, () => record));
  const scope = Buffer.concat([Buffer.from([0x12]), varint(records.length), records]);
  return new Uint8Array(Buffer.concat([Buffer.from([0x0a]), varint(scope.length), scope]));
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest >>>= 7) bytes.push((rest & 127) | 128);
  return Buffer.from([...bytes, rest]);
}

async function run(send: Send, content: Uint8Array, atOnce: number, seconds: number) {
  const endMs = performance.now() + seconds * 1000;
  let [sent, refused] = [0, 0];
  const cpu = process.cpuUsage();
  const beganMs = performance.now();
  const sender = async (): Promise<void> => {
    while (performance.now() < endMs) {
      // Made anew each time, for all ways alike: one of them gives it away.
      if (!(await send(new Uint8Array(content)))) refused += 1;
      sent += 1;
    }
  };
  await Promise.all(Array.from({ length: atOnce }, sender));
  const { user, system } = process.cpuUsage(cpu);
  return { cpuUs: (user + system) / sent, wallUs: ((performance.now() - beganMs) * 1000) / sent, refused };
}

function post(agent: Agent, { urls }: EmbeddedCollector, body: Uint8Array): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/x-protobuf', 'content-length': body.length };
    const sent = request(`${urls[0]}/v1/logs`, { method: 'POST', agent, headers }, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode === 200));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}
