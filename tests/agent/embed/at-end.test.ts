import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { endAll, stopAtEnd } from '../../../agent/embed/at-end.ts';
import { runEmbedding } from '../../support/embedding-app.ts';
import { itemsOf } from '../../support/items.ts';
import { OtlpSink } from '../../support/otlp-sink.ts';
import { decode } from '../../support/reference/otlp.ts';

let sink: OtlpSink;
beforeEach(async () => {
  sink = await OtlpSink.start();
});
afterEach(() => sink.close());

const delivered = (): number => sink.requests.flatMap(({ body }) => itemsOf('logs', decode('logs', body))).length;

/** An application with a batch that waits for seconds: what it has not sent by itself before the end. */
const app = (thread: string, ending: string, more = ''): string => `
const collector = await startCollector({
  thread: '${thread}',
  config: {
    receivers: { otlp: { protocols: { in_process: null } } },
    processors: { batch: { timeout: '60s' } },
    exporters: { otlp_http: { endpoint: '${sink.url}', compression: 'none' ${more} } },
    service: { pipelines: { logs: { receivers: ['otlp'], processors: ['batch'], exporters: ['otlp_http'] } } },
  },
});
const { ok } = await collector.export('logs', logs(5));
if (!ok) throw new Error('refused');
${ending}
`;

describe('an application that forgets to stop its collector', () => {
  it.each(['worker', 'main'])(
    'ends all the same, its last data delivered: at the end of its event loop, thread: %s',
    async (thread) => {
      const { code, stderr } = await runEmbedding(app(thread, ''));
      expect([code, stderr]).toEqual([0, '']);
      expect(delivered()).toBe(5);
    },
  );

  it.each([
    ['process.exit(3)', 3],
    ["setTimeout(() => { throw new Error('of the application'); })", 1],
    ["void Promise.reject(new Error('of the application'))", 1],
    ["process.exitCode = 4; process.on('beforeExit', () => process.exit())", 4],
  ])('and keeps its exit code: %s', async (ending, expected) => {
    const { code, signal } = await runEmbedding(app('worker', ending));
    expect([code, signal]).toEqual([expected, null]);
    expect(delivered()).toBe(5);
  });

  it('is not held up by a destination that hangs', async () => {
    sink.script = () => ({ hang: true });
    expect(await runEmbedding(app('worker', 'process.exit(3)'))).toMatchObject({ code: 3, signal: null });
    expect(sink.requests).toHaveLength(1);
  });

  it('that is ended by a signal ends by it: signals are its own, and a stop of its own delivers', async () => {
    const waits = "console.log('ready'); setInterval(() => {}, 1000)";
    const kill = (stdout: string, pid: number): void => void (stdout === 'ready\n' && process.kill(pid, 'SIGTERM'));
    expect(await runEmbedding(app('worker', waits), { wrote: kill })).toMatchObject({ code: null, signal: 'SIGTERM' });
    expect(delivered()).toBe(0);
    const stops = `process.once('SIGTERM', () => void collector.stop().then(() => process.exit(7))); ${waits}`;
    expect(await runEmbedding(app('worker', stops), { wrote: kill })).toMatchObject({ code: 7, signal: null });
    expect(delivered()).toBe(5);
  });

  it('is not kept alive by a collector that failed, and not by one that listens', async () => {
    const listens = `
const collector = await startCollector({ config: {
  receivers: { otlp: { protocols: { http: { endpoint: '127.0.0.1:0' } } } },
  exporters: { debug: null },
  service: { pipelines: { logs: { receivers: ['otlp'], exporters: ['debug'] } } },
} });
console.log(collector.urls.length);
`;
    expect(await runEmbedding(listens)).toMatchObject({ code: 0, stdout: '1\n' });
    const fails =
      'const collector = await startCollector({ maxHeapMb: 1, onCrash: ({ restarts }) => console.log(restarts) }); await wait(1500);';
    expect(await runEmbedding(fails)).toMatchObject({ code: 0, stderr: '', stdout: 'true\n' });
  });
});

describe('an application whose own functions throw', () => {
  it.each(['log', 'onCrash'])('hears of it where it listens for that, and its collector can be stopped: %s', async (name) => {
    const script = `
const alive = setInterval(() => {}, 1000);
const heard = new Promise((resolve) => process.once('uncaughtException', resolve));
const throws = () => { throw new Error('of the application'); };
const collector = await startCollector({ maxHeapMb: 1, ${name}: throws });
console.log((await heard).message);
await collector.stop();
console.log((await collector.closed).reason, (await collector.status()).state);
clearInterval(alive);
`;
    const { code, stdout } = await runEmbedding(script);
    expect([code, stdout]).toEqual([0, 'of the application\nstopped stopped\n']);
  });
});

describe('an application whose event loop is blocked', () => {
  it('is still served: its collector answers others and delivers meanwhile', { timeout: 60_000 }, async () => {
    const script = `
import { Worker } from 'node:worker_threads';
const collector = await startCollector({ config: {
  receivers: { otlp: { protocols: { http: { endpoint: '127.0.0.1:0' } } } },
  exporters: { otlp_http: { endpoint: '${sink.url}', compression: 'none' } },
  service: { pipelines: { logs: { receivers: ['otlp'], exporters: ['otlp_http'] } } },
} });
void collector.export('logs', logs(2));
const cells = new Int32Array(new SharedArrayBuffer(4));
new Worker(\`
  const { workerData } = require('node:worker_threads');
  const headers = { 'content-type': 'application/x-protobuf' };
  fetch(workerData.url + '/v1/logs', { method: 'POST', headers, body: workerData.body }).then(({ status }) => {
    Atomics.store(workerData.cells, 0, status);
    Atomics.notify(workerData.cells, 0);
  });
\`, { eval: true, workerData: { url: collector.urls[0], body: logs(3), cells } });
// From here on nothing of this thread runs until the answer is there.
const waited = Atomics.wait(cells, 0, 0, 20000);
console.log(waited, cells[0]);
process.exit(0);
`;
    const ended = await runEmbedding(script);
    expect(ended).toMatchObject({ code: 0, stdout: 'ok 200\n' });
    expect(delivered()).toBe(5);
  });
});

describe('an application with many collectors', () => {
  it('is not warned of their listeners', async () => {
    const script = `
const config = { receivers: { otlp: { protocols: { in_process: null } } }, exporters: { debug: null },
  service: { pipelines: { logs: { receivers: ['otlp'], exporters: ['debug'] } } } };
const warnings = [];
process.on('warning', ({ name }) => warnings.push(name));
const start = () => startCollector({ config, thread: 'main', log: () => {} });
const listeners = () => [process.listenerCount('exit'), process.listenerCount('beforeExit')].join();
// The first loads what stays loaded.
await (await start()).stop();
const before = listeners();
const open = [];
for (let n = 0; n < 12; n++) open.push(await start());
await wait(20);
await Promise.all(open.map((collector) => collector.stop()));
console.log(JSON.stringify(warnings), listeners() === before);
`;
    expect(await runEmbedding(script)).toMatchObject({ code: 0, stdout: '[] true\n' });
  });
});

describe("a collector on the application's own thread", () => {
  it('that listens, or has an analytics process, keeps it alive until it is stopped', { timeout: 60_000 }, async () => {
    const app = (http: string, exporter: string): string => `
let ended = false;
process.once('beforeExit', () => (ended = true));
const collector = await startCollector({ thread: 'main', log: () => {}, config: {
  receivers: { otlp: { protocols: { in_process: null ${http} } } }, exporters: { ${exporter}: null },
  service: { pipelines: { logs: { receivers: ['otlp'], exporters: ['${exporter}'] } } },
} });
if ('${exporter}' === 'windows') await collector.sql('select 1');
setTimeout(() => { console.log(ended); void collector.stop(); }, 300).unref();
`;
    for (const script of [app(", http: { endpoint: '127.0.0.1:0' }", 'debug'), app('', 'windows')])
      expect(await runEmbedding(script)).toMatchObject({ code: 0, stdout: 'false\n' });
  });
});

describe('what stops a forgotten collector', () => {
  it('begins with all of them before it waits for one, in one half second', () => {
    const steps: string[] = [];
    const ending = (name: string): Parameters<typeof stopAtEnd>[0] => ({
      stop: () => Promise.resolve(),
      beginStop: (timeoutMs) => void steps.push(`${name} begins ${timeoutMs > 0 && timeoutMs <= 500}`),
      stopSync: (timeoutMs) => void steps.push(`${name} is waited for ${timeoutMs > 0 && timeoutMs <= 500}`),
    });
    const undo = [stopAtEnd(ending('a')), stopAtEnd(ending('b'))];
    endAll();
    for (const each of undo) each();
    expect(steps).toEqual(['a begins true', 'b begins true', 'a is waited for true', 'b is waited for true']);
  });

  it('is asked once, does not throw, and is taken back', () => {
    const before = [process.listenerCount('exit'), process.listenerCount('beforeExit')];
    const undo = stopAtEnd({
      stop: () => Promise.resolve(),
      stopSync: () => {
        throw new Error('a fault');
      },
    });
    const own = process.listeners('exit').at(-1)!;
    expect(() => own(0)).not.toThrow();
    undo();
    undo();
    expect([process.listenerCount('exit'), process.listenerCount('beforeExit')]).toEqual(before);
  });
});
