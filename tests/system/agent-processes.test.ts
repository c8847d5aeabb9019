import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AGENT_RUNTIMES } from '../support/agent-runtimes.ts';
import { OtlpSink } from '../support/otlp-sink.ts';
import {
  pointsByInstance,
  projectIn,
  runProgram,
  settledTotal,
  signalWhen,
  totalsOf,
  type Ended,
  type RunOptions,
} from '../support/prebuilt-agent.ts';
import { temporaryFolders } from '../support/temporary.ts';
import { ROOT } from '../support/tree.ts';

const folders = temporaryFolders();
let sink: OtlpSink;
beforeEach(async () => {
  sink = await OtlpSink.start();
});
afterEach(() => sink.close());

const SERVED = 'http.server.request.duration';
const REQUESTS = 12;

/** Two processes behind one port, asked by the first. */
const CLUSTER = `
  import { flush } from './agent/index.js';
  import cluster from 'node:cluster';
  import { createServer } from 'node:http';
  if (cluster.isPrimary) {
    const ports = [];
    for (let each = 0; each < 2; each++) {
      cluster.fork().on('message', async (port) => {
        ports.push(port);
        if (ports.length < 2) return;
        for (let asked = 0; asked < ${REQUESTS}; asked++) {
          await (await fetch('http://127.0.0.1:' + port, { headers: { connection: 'close' } })).text();
        }
        console.log('asked');
      });
    }
  } else {
    // On a busy machine, starting the agent's thread may be more than the end of a process has time for.
    await flush(10_000);
    const server = createServer((_request, response) => response.end('ok'));
    server.listen(0, '127.0.0.1', () => process.send(server.address().port));
  }
`;

/** A child by fork(), which measures and ends by itself; then the parent does. */
const FORK = `
  import { flush } from './agent/index.js';
  import { fork } from 'node:child_process';
  import { metrics } from '@opentelemetry/api';
  const orders = metrics.getMeter('shop').createCounter('shop.orders');
  if (process.argv[2] === 'child') {
    process.once('message', (count) => {
      orders.add(count);
      process.exit(4);
    });
    await flush(10_000);
    process.send('ready');
  } else {
    const child = fork(process.argv[1], ['child']);
    child.once('message', () => child.send(7));
    child.once('exit', (code) => {
      orders.add(35);
      console.log('child', code);
    });
  }
`;

/** Threads of the app load the agent, too, where its package is imported by what both run. */
const THREADS = `
  import { engine, tracked } from './agent/index.js';
  import { metrics } from '@opentelemetry/api';
  import { isMainThread, parentPort, Worker } from 'node:worker_threads';
  const orders = metrics.getMeter('shop').createCounter('shop.orders');
  const order = tracked('shop.order', () => 'taken');
  if (isMainThread) {
    const worker = new Worker(new URL(import.meta.url));
    worker.on('message', (said) => {
      orders.add(1);
      console.log(said);
    });
    worker.on('exit', (code) => console.log('thread', code));
  } else {
    orders.add(1);
    parentPort.postMessage(String(engine) + ' ' + order());
    setTimeout(() => process.exit(5), 20);
  }
`;

describe.each(AGENT_RUNTIMES)('an application of several processes on $name $note', ({ path, target, missing }) => {
  const run = (app: string, options: Omit<RunOptions, 'cwd'> = {}): Promise<Ended> => {
    const cwd = folders();
    projectIn(cwd, { 'app.js': app }, { target });
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: sink.url, OTEL_METRIC_EXPORT_INTERVAL: '600000' };
    return runProgram(path, ['app.js'], { cwd, env, ...options });
  };

  it.skipIf(missing)('counts each request of a cluster once, each process by an instance of its own', async () => {
    const ended = await run(CLUSTER, { printed: signalWhen('asked', 'SIGTERM') });
    expect([ended.code, ended.signal, ended.stderr]).toEqual([null, 'SIGTERM', '']);
    expect(await settledTotal(sink, SERVED, REQUESTS)).toBe(REQUESTS);
    // The workers serve, the first process asks.
    expect(await settledTotal(sink, 'http.client.request.duration', REQUESTS)).toBe(REQUESTS);
    const asking = totalsOf(sink, 'http.client.request.duration');
    expect(asking.size).toBe(1);
    for (const instance of totalsOf(sink, SERVED).keys()) expect(asking.has(instance)).toBe(false);
    expect(pointsByInstance(sink).has(undefined)).toBe(false);
  });

  it.skipIf(missing)('counts what a forked child measures as that of another instance', async () => {
    const ended = await run(FORK);
    expect(ended).toMatchObject({ code: 0, stdout: 'child 4\n', stderr: '' });
    expect(await settledTotal(sink, 'shop.orders', 42)).toBe(42);
    expect([...totalsOf(sink, 'shop.orders').values()].toSorted()).toEqual([35, 7]);
  });

  it.skipIf(missing)('stays out of its worker threads', async () => {
    const ended = await run(THREADS);
    expect(ended).toMatchObject({ code: 0, stdout: 'undefined taken\nthread 5\n', stderr: '' });
    expect(await settledTotal(sink, 'shop.orders', 1)).toBe(1);
    expect(pointsByInstance(sink).size).toBe(1);
  });
});

describe('NODE_OPTIONS with the agent in it', () => {
  const cwdOf = (files: Readonly<Record<string, string>>): { cwd: string; env: Readonly<Record<string, string>> } => {
    const cwd = folders();
    projectIn(cwd, files, { target: 'node' });
    const agent = pathToFileURL(join(cwd, 'agent/index.js')).href;
    const env = { NODE_OPTIONS: `--import=${agent}`, OTEL_EXPORTER_OTLP_ENDPOINT: sink.url, npm_config_update_notifier: 'false' };
    return { cwd, env };
  };
  const tools: readonly [string, string, readonly string[]][] = [
    ['npm', 'npm', ['--version']],
    ['npx', 'npx', ['--version']],
    ['tsc', join(ROOT, 'node_modules/.bin/tsc'), ['--version']],
    ['oxlint', join(ROOT, 'node_modules/.bin/oxlint'), ['--version']],
  ];

  it.each(tools)('leaves %s alone: the same output, and nothing sent', async (_name, program, args) => {
    const { cwd, env } = cwdOf({});
    const bare = await runProgram(program, args, { cwd, env: { ...env, NODE_OPTIONS: '' } });
    const ended = await runProgram(program, args, { cwd, env });
    expect(ended).toEqual(bare);
    expect(ended.code).toBe(0);
    expect(sink.seen).toBe(0);
  });

  it('measures the app that npm starts, and npm not', async () => {
    const app = `
      import { metrics } from '@opentelemetry/api';
      import { flush } from './agent/index.js';
      metrics.getMeter('shop').createCounter('shop.orders').add(3);
      await flush(10_000);
      process.exit(0);`;
    const { cwd, env } = cwdOf({
      'app.js': app,
      'package.json': '{"name":"shop","type":"module","scripts":{"start":"node app.js"}}',
    });
    const ended = await runProgram('npm', ['start', '--silent'], { cwd, env });
    expect(ended).toMatchObject({ code: 0, stdout: '' });
    expect(await settledTotal(sink, 'shop.orders', 3)).toBe(3);
    expect(pointsByInstance(sink).size).toBe(1);
  });
});
