import { rename, writeFile } from 'node:fs/promises';
import { Agent, request as httpRequest } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { encode, logRecord, request } from '../support/build.ts';
import { Collector, yamlOf } from '../support/collector.ts';
import { OtlpSink } from '../support/otlp-sink.ts';

const RELOADS = 100;
const PER_REQUEST = 100;
const SENDERS = 4;
/** Together 50,000 items a second, as far as the machine lets them. */
const PAUSE_MS = (1000 * PER_REQUEST * SENDERS) / 50_000;

const ID = /id-(\d{8})/g;
const template = Buffer.from(
  encode(
    'logs',
    request('logs', [{ resource: {}, items: Array.from({ length: PER_REQUEST }, () => logRecord({ id: 'id-00000000' })) }]),
  ),
);
const places = [...template.toString('latin1').matchAll(ID)].map(({ index }) => index + 3);

function bodyFrom(first: number): Buffer {
  const body = Buffer.from(template);
  places.forEach((place, i) => body.write(String(first + i).padStart(8, '0'), place, 'latin1'));
  return body;
}

/** The status, or why there is none. */
function post(url: string, agent: Agent, body: Buffer): Promise<number | string> {
  const headers = { 'content-type': 'application/x-protobuf', 'content-length': body.length };
  return new Promise((resolve) => {
    const sent = httpRequest(`${url}/v1/logs`, { method: 'POST', agent, headers }, (answer) => {
      answer.resume().once('end', () => resolve(answer.statusCode ?? 0));
    });
    sent.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    sent.end(body);
  });
}

it(
  `${RELOADS} reloads under load, good and bad files in turn: nothing lost, nothing doubled, no connection refused`,
  { timeout: 180_000 },
  async () => {
    const arrivals: number[] = [];
    const sink = await OtlpSink.start(({ body }) => {
      for (const match of Buffer.from(body).toString('latin1').matchAll(ID)) {
        const id = Number(match[1]);
        arrivals[id] = (arrivals[id] ?? 0) + 1;
      }
      return {};
    });
    const exporters = `  otlp_http: { endpoint: "${sink.url}", compression: none }\n  file: { path: $FOLDER/out.jsonl }\n`;
    const config = (timeoutMs: number, more = ''): string =>
      yamlOf({
        exporters,
        processors: `  batch: { timeout: ${timeoutMs}ms }\n${more}`,
        chain: ['batch'],
        service: '  reload_interval: 20ms\n  shutdown_timeout: 5s\n  telemetry: { metrics: { level: none } }\n',
      });
    await using collector = await Collector.start(config(50));
    const url = collector.url();
    const answers = new Map<number | string, number>();
    let next = 0;
    let running = true;
    const senders = Array.from({ length: SENDERS }, async () => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      while (running) {
        const due = performance.now() + PAUSE_MS;
        const first = next;
        next += PER_REQUEST;
        const answer = await post(url, agent, bodyFrom(first));
        answers.set(answer, (answers.get(answer) ?? 0) + 1);
        await sleep(Math.max(0, due - performance.now()));
      }
      agent.destroy();
    });

    const path = join(collector.folder, 'periscope.yaml');
    const told = (words: RegExp): number => [...collector.output.matchAll(words)].length;
    for (let reload = 1; reload <= RELOADS; reload++) {
      const words = reload % 2 === 0 ? /cannot take the new configuration/g : /the configuration has changed/g;
      const before = told(words);
      const text = config(50 + reload, reload % 2 === 0 ? '  batch/bad: { timeout: soon }\n' : '');
      await writeFile(`${path}.new`, text.replaceAll('$FOLDER', collector.folder));
      await rename(`${path}.new`, path);
      // Both ways to ask for it; what comes second finds nothing new.
      if (reload % 3 === 0) collector.process.kill('SIGHUP');
      while (told(words) === before) {
        expect(collector.process.exitCode, collector.output.slice(-2000)).toBeNull();
        await sleep(5);
      }
    }
    running = false;
    await Promise.all(senders);
    const exit = await collector.stop();
    await sink.close();

    expect(exit.code).toBe(0);
    expect([...answers.keys()], JSON.stringify([...answers])).toEqual([200]);
    expect(arrivals.length).toBe(next);
    expect(arrivals.findIndex((times) => times !== 1)).toBe(-1);
    expect(told(/the configuration has changed/g)).toBe(RELOADS / 2);
    expect(collector.output).toMatch(new RegExp(`otlp_http: delivered ${next.toLocaleString('en-US')} log`));
  },
);
