import { afterEach, describe, expect, it } from 'vitest';
import { settledValue } from '../support/agent-process.ts';
import { AGENT_RUNTIMES } from '../support/agent-runtimes.ts';
import { OtlpSink } from '../support/otlp-sink.ts';
import { pointsByInstance, projectIn, runProgram, signalWhen } from '../support/prebuilt-agent.ts';
import { temporaryFolders } from '../support/temporary.ts';

const folders = temporaryFolders();
let sink: OtlpSink | undefined;
afterEach(async () => sink?.close());

/** As a copy that was made before copies told of themselves. */
const UNAWARE = `delete globalThis[Symbol.for('@periscope-otel/agent')];`;
const app = (between: string): string => `
  import { metrics } from '@opentelemetry/api';
  const first = await import('./first/index.js');
  ${between}
  const second = await import('./second/index.js');
  const orders = metrics.getMeter('shop').createCounter('shop.orders');
  orders.add(1);
  await first.flush(10_000);
  process.on('exit', () => undefined);
  setInterval(() => undefined, 1000);
  setTimeout(() => {
    orders.add(41);
    console.log('agents', new Set([first.engine, second.engine]).size);
  }, 50);
`;

describe.each(AGENT_RUNTIMES)('two copies of the agent in one process of $name $note', ({ path, target, missing }) => {
  it.skipIf(missing).each([
    ['that know of each other: one of them runs, and does what the other is asked for', '', 1],
    ['that do not: both run, and neither keeps the other from its turn', UNAWARE, 2],
  ])('%s', async (_title, between, running) => {
    const taking = await OtlpSink.start();
    sink = taking;
    const folder = folders();
    projectIn(folder, { 'app.js': app(between) }, { target, agents: ['first', 'second'] });
    const ended = await runProgram(path, ['app.js'], {
      cwd: folder,
      env: { OTEL_EXPORTER_OTLP_ENDPOINT: taking.url, OTEL_METRIC_EXPORT_INTERVAL: '600000' },
      printed: signalWhen('agents', 'SIGTERM'),
    });
    expect(ended.stdout).toBe(`agents ${running}\n`);
    expect([ended.code, ended.signal], ended.stderr).toEqual([null, 'SIGTERM']);
    expect(await settledValue(taking, 'shop.orders', 42)).toBe(42);
    expect(pointsByInstance(taking).size).toBe(running);
  });
});
