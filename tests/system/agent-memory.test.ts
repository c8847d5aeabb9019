import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AGENT_RUNTIMES } from '../support/agent-runtimes.ts';
import { OtlpSink } from '../support/otlp-sink.ts';
import { projectIn, runProgram, settledTotal, type Ended } from '../support/prebuilt-agent.ts';
import { temporaryFolders } from '../support/temporary.ts';

const folders = temporaryFolders();
let sink: OtlpSink;
beforeEach(async () => {
  sink = await OtlpSink.start();
});
afterEach(() => sink.close());

/** A worker that needs more than it may have. */
const GREEDY = `
  const kept = [];
  setTimeout(() => { for (;;) kept.push(new Array(1000).fill(Math.random())); }, 20);
`;

/** Waits until its thread could not be kept and something was sent without one. */
const OUTLIVES_ITS_WORKER = `
  import { status } from './agent/index.js';
  import { metrics } from '@opentelemetry/api';
  metrics.getMeter('shop').createCounter('shop.orders').add(6);
  setInterval(() => {
    const { mode, delivered, restarts } = status();
    if (mode !== 'main' || delivered === 0) return;
    console.log(mode, restarts);
    process.exit(3);
  }, 10);
`;

/** Fills its heap to 85 of the 96 MB that it may have, and measures there. */
const NEARLY_FULL = `
  import { flush } from './agent/index.js';
  import { metrics } from '@opentelemetry/api';
  const orders = metrics.getMeter('shop').createCounter('shop.orders');
  const kept = [];
  const usedMb = () => process.memoryUsage().heapUsed / 2 ** 20;
  while (usedMb() < 85) kept.push(new Array(5000).fill(kept.length + 0.5));
  for (let order = 0; order < 500; order++) orders.add(1, { shop: 'shop-' + order });
  console.log(await flush(10_000), usedMb() > 80);
  process.exit(kept.length > 0 ? 3 : 4);
`;

/** Goes on until there is no more. */
const FULL = `
  import './agent/index.js';
  const kept = [];
  setTimeout(() => { for (;;) kept.push(new Array(5000).fill(kept.length + 0.5)); }, 100);
`;

// Bun knows no limit of the memory of a thread, nor of a heap.
describe.each(AGENT_RUNTIMES.filter(({ target }) => target === 'node'))('memory on $name $note', ({ path, missing }) => {
  const run = (app: string, flags: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> => {
    const cwd = folders();
    projectIn(cwd, { 'app.js': app }, { target: 'node' });
    if (app === OUTLIVES_ITS_WORKER) writeFileSync(join(cwd, 'agent/worker.js'), GREEDY);
    return runProgram(path, [...flags, 'app.js'], { cwd, env: { OTEL_EXPORTER_OTLP_ENDPOINT: sink.url, ...env } });
  };

  it.skipIf(missing)('that the exporting thread runs out of costs the app nothing: it is told, and export goes on', async () => {
    const ended = await run(OUTLIVES_ITS_WORKER, [], { OTEL_METRIC_EXPORT_INTERVAL: '50' });
    expect(ended).toMatchObject({ code: 3, signal: null, stdout: 'main 3\n' });
    expect(ended.stderr.trim().split('\n')).toEqual([
      expect.stringMatching(/^periscope agent: cannot go on with the exporting thread: .*memory limit/),
      expect.stringMatching(/^periscope agent: cannot keep an exporting thread: .*sent from the thread of the application/),
      // A thread is what the last flush of a process needs, and there is none to be had.
      expect.stringMatching(/^periscope agent: cannot deliver what was measured last before the process ends/),
    ]);
    expect(await settledTotal(sink, 'shop.orders', 6)).toBe(6);
  });

  it.skipIf(missing)('that the app has hardly any left of is enough to measure and to send', async () => {
    const ended = await run(NEARLY_FULL, ['--max-old-space-size=96', '--max-semi-space-size=1']);
    expect(ended).toMatchObject({ code: 3, signal: null, stdout: 'true true\n', stderr: '' });
    expect(await settledTotal(sink, 'shop.orders', 500)).toBe(500);
  });

  it.skipIf(missing)('that the app runs out of ends it as it would without an agent', async () => {
    const flags = ['--max-old-space-size=64'];
    const bare = await run(FULL, flags, { OTEL_SDK_DISABLED: 'true' });
    const ended = await run(FULL, flags);
    expect([bare.code, bare.signal]).not.toEqual([0, null]);
    expect([ended.code, ended.signal]).toEqual([bare.code, bare.signal]);
    expect(ended.stderr).toContain('heap out of memory');
  });
});
