import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { Collector } from '../support/collector.ts';
import { OtlpSink } from '../support/otlp-sink.ts';
import { requestOf } from '../support/scripted.ts';

const LIMIT_MIB = 250;
const MIB = 1024 * 1024;
const REQUESTS = 1600;
const SENDERS = 8;

const yaml = (limiter: string, endpoint: string): string => `
receivers: { otlp: { protocols: { http: { endpoint: "127.0.0.1:0" } } } }
processors:
  memory_limiter: ${limiter}
exporters:
  otlp_http:
    endpoint: "${endpoint}"
    timeout: 1s
    sending_queue: { queue_size: 1000000000, sizer: items, queue_bytes: 4GiB }
    retry_on_failure: { initial_interval: 20ms, max_interval: 200ms, max_elapsed_time: 0 }
service:
  pipelines: { logs: { receivers: [otlp], processors: [memory_limiter], exporters: [otlp_http] } }
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
