import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { Collector } from '../support/collector.ts';
import { OtlpSink } from '../support/otlp-sink.ts';
import { wireField } from '../support/reference/otlp.ts';
import { requestOf } from '../support/scripted.ts';

const LIMIT_MIB = 250;
const MIB = 1024 * 1024;
const REQUESTS = 1600;
const SENDERS = 8;

const yaml = (limiter: string, endpoint: string, more = ''): string => `
receivers: { otlp: { protocols: { http: { endpoint: "127.0.0.1:0" } } } }
processors:
  memory_limiter: ${limiter}
  sanitize:
exporters:
  otlp_http:
    endpoint: "${endpoint}"
    timeout: 1s
    compression: none
    sending_queue: { queue_size: 1000000000, sizer: items, queue_bytes: 4GiB }
    retry_on_failure: { initial_interval: 20ms, max_interval: 200ms, max_elapsed_time: 0 }
service:
  pipelines:
    logs: { receivers: [otlp], processors: [memory_limiter${more}], exporters: [otlp_http] }
    metrics: { receivers: [otlp], processors: [memory_limiter${more}], exporters: [otlp_http] }
`;

/** Most memory the process ever had, as the kernel saw it. */
async function peakMib(pid: number): Promise<number> {
  const kib = /VmHWM:\s+(\d+) kB/.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kib) / 1024;
}

/** About 345 KiB each, 540 MiB in all: twice the limit, towards a destination that takes nothing. */
async function flood(collector: Collector): Promise<{ taken: number; refused: number; retryAfter: string | null }> {
  const body = requestOf(
    'logs',
    Array.from({ length: 3000 }, (_, n) => `${n}`.padEnd(70, 'x')),
  ) as Uint8Array<ArrayBuffer>;
  expect(body.length * REQUESTS).toBeGreaterThan(1.8 * LIMIT_MIB * MIB);
  const result = { taken: 0, refused: 0, retryAfter: null as string | null };
  let left = REQUESTS;
  const sender = async (): Promise<void> => {
    while (left-- > 0) {
      const answer = await fetch(`${collector.url()}/v1/logs`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-protobuf' },
        body,
      });
      await answer.arrayBuffer();
      if (answer.status === 200) result.taken += 1;
      else {
        expect(answer.status).toBe(503);
        result.refused += 1;
        result.retryAfter = answer.headers.get('retry-after');
      }
    }
  };
  await Promise.all(Array.from({ length: SENDERS }, sender));
  return result;
}

test.runIf(process.platform === 'linux')(
  'memory_limiter holds resident memory under its limit where the same load would pass it, and takes data again when there is room',
  { timeout: 120_000 },
  async () => {
    const sink = await OtlpSink.start(() => ({ status: 503 }));
    try {
      await using collector = await Collector.start(yaml(`{ limit_mib: ${LIMIT_MIB}, check_interval: 100ms }`, sink.url));
      const { taken, refused, retryAfter } = await flood(collector);
      expect(await peakMib(collector.pid)).toBeLessThan(LIMIT_MIB);
      expect(taken).toBeGreaterThan(200);
      expect(refused).toBeGreaterThan(200);
      expect(retryAfter).toBe('1');

      sink.script = () => ({});
      let status = 503;
      while (status !== 200) {
        await new Promise((resolve) => setTimeout(resolve, 100));
        status = (await collector.send('/v1/logs', requestOf('logs', ['late']))).status;
      }
      await collector.stop();
      expect(collector.output).toContain('cannot take more data');

      sink.script = () => ({ status: 503 });
      await using without = await Collector.start(yaml('{ limit_mib: 100000 }', sink.url));
      expect((await flood(without)).refused).toBe(0);
      expect(await peakMib(without.pid)).toBeGreaterThan(LIMIT_MIB * 1.5);
    } finally {
      await sink.close();
    }
  },
);

/** Records with nothing but attributes that have to be cleaned, as short as they may be: each is a mark of 32 bytes, and
 *  edits of as much again. */
function hostile(bytes: number): Uint8Array<ArrayBuffer> {
  const attribute = Buffer.concat([Buffer.from([0x32, 0x0e, 0x0a, 0x01, 0x2f, 0x12, 0x09, 0x0a, 0x07]), Buffer.alloc(7, 'x')]);
  const record = wireField(2, 2, Buffer.concat(Array.from({ length: 1000 }, () => attribute)));
  const records = Array.from({ length: Math.floor(bytes / record.length) }, () => record);
  return new Uint8Array(wireField(1, 2, wireField(2, 2, Buffer.concat(records))));
}

/** JSON of so many bytes, which is four times as many in protobuf. */
function zeros(bytes: number): string {
  return `{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"histogram":{"dataPoints":[{"explicitBounds":[${'0,'.repeat(bytes / 2)}0]}]}}]}]}]}`;
}

test.runIf(process.platform === 'linux')(
  'memory_limiter counts what hostile requests make of their bytes, and holds resident memory under its limit',
  { timeout: 120_000 },
  async () => {
    const sink = await OtlpSink.start(() => ({ status: 503 }));
    try {
      await using collector = await Collector.start(
        yaml(`{ limit_mib: ${LIMIT_MIB}, check_interval: 100ms }`, sink.url, ', sanitize'),
      );
      const bodies: [string, Uint8Array | string][] = [
        ['logs', hostile(1 * MIB)],
        ['logs', hostile(3 * MIB)],
        ['logs', hostile(20 * MIB)],
        ['metrics', zeros(4 * MIB)],
        ['metrics', zeros(10 * MIB)],
      ];
      const seen = new Map<number, number>();
      for (let round = 0; round < 12; round += 1) {
        const answers = await Promise.all(bodies.map(([signal, body]) => collector.send(`/v1/${signal}`, body)));
        for (const { status } of answers) seen.set(status, (seen.get(status) ?? 0) + 1);
        if (round === 0) expect(seen.get(200)).toBeGreaterThan(0);
      }
      expect([...seen.keys()].toSorted()).toEqual([200, 503]);
      expect(await peakMib(collector.pid)).toBeLessThan(LIMIT_MIB);
    } finally {
      await sink.close();
    }
  },
);
