import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AGENT_RUNTIMES, type AgentRuntime } from '../support/agent-runtimes.ts';
import { EMBED } from '../support/embedding-app.ts';
import { pointsOf } from '../support/metric-points.ts';
import { OtlpSink } from '../support/otlp-sink.ts';
import { type Ended, projectIn, runProgram, signalWhen } from '../support/prebuilt-agent.ts';
import { temporaryFolders } from '../support/temporary.ts';

/** The agent and a collector in one process, both as they are published, and what the collector sends on. */
const folders = temporaryFolders();
let sink: OtlpSink;
beforeEach(async () => {
  sink = await OtlpSink.start();
});
afterEach(() => sink.close());

interface App {
  /** What the application does once its collector runs; it has `agent`, `sold`, `collector`, `startCollector`, `wait`. */
  readonly script: string;
  readonly thread?: 'worker' | 'main';
  readonly inProcess?: object | null;
  readonly env?: Readonly<Record<string, string>>;
  readonly printed?: Parameters<typeof runProgram>[2]['printed'];
}

const APP = ({ script, thread = 'worker', inProcess = null }: App): string => `
import * as agent from './agent/index.js';
import { startCollector } from '${EMBED}';
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const sold = agent.engine.getMeter('shop').createCounter('orders.sold').bind({ channel: 'web' });
const options = { thread: '${thread}', config: {
  receivers: { otlp: { protocols: { in_process: ${JSON.stringify(inProcess)} } } },
  // What the collector has is not there before it stops.
  processors: { batch: { timeout: '60s' } },
  exporters: { otlp_http: { endpoint: '${sink.url}', compression: 'none' } },
  service: { pipelines: {
    metrics: { receivers: ['otlp'], processors: ['batch'], exporters: ['otlp_http'] },
    traces: { receivers: ['otlp'], processors: ['batch'], exporters: ['otlp_http'] },
  } },
} };
const collector = await startCollector(options);
${script}
`;

async function run({ path, preload, target }: AgentRuntime, app: App): Promise<Ended> {
  const folder = folders();
  projectIn(folder, { 'app.js': APP(app) }, { target });
  const ended = await runProgram(path, [preload, './agent/index.js', 'app.js'], {
    cwd: folder,
    env: { AGENT_SCOPE: 'DEVELOPMENT', ...app.env },
    ...(app.printed !== undefined && { printed: app.printed }),
  });
  // On a busy machine the first export is due before there is a collector, and finds nobody at the default address.
  return { ...ended, stderr: ended.stderr.replace(/^periscope agent: no collector at .* yet;.*\n/, '') };
}

const here = AGENT_RUNTIMES[0]!;
/** Of the counter, as it arrived last. */
const sold = (): number | undefined => pointsOf(sink.bodies('metrics')).findLast(({ metric }) => metric === 'orders.sold')?.value;

const ENDINGS = [
  ['the end of the event loop', 'sold.add(5);', 0],
  ['process.exit', 'sold.add(2); process.on("exit", () => sold.add(3)); await wait(1); process.exit(3);', 3],
  ['an error that nobody catches', 'sold.add(5); setTimeout(() => { throw new Error("of the app"); });', 1],
  ['a stop by the application', 'sold.add(5); await collector.stop(); process.exit(4);', 4],
] as const;

describe.each(AGENT_RUNTIMES)('an app with both of them on $name $note', (runtime) => {
  it.skipIf(runtime.missing).each(ENDINGS)('loses nothing at %s, and says nothing', async (_name, script, code) => {
    const ended = await run(runtime, { script });
    expect(ended.code, ended.stderr).toBe(code);
    expect(ended.stderr).not.toContain('periscope agent');
    expect(sold()).toBe(5);
  });

  it.skipIf(runtime.missing)('hands its spans over, too, the last of them at process.exit', async () => {
    const script = `
const { trace } = await import('@opentelemetry/api');
trace.getTracer('shop').startSpan('pay').end();
process.exit(3);
`;
    const { code, stderr } = await run(runtime, { script, env: { AGENT_TRACES: '1' } });
    expect([code, stderr]).toEqual([3, '']);
    expect(sink.bodies('traces').some((body) => Buffer.from(body).includes('pay'))).toBe(true);
  });

  it.skipIf(runtime.missing)('loses nothing when a signal ends it that nobody listens to', async () => {
    const script = 'sold.add(5); setInterval(() => {}, 1000); console.log("ready");';
    const { signal, stderr } = await run(runtime, { script, printed: signalWhen('ready', 'SIGTERM') });
    expect([signal, stderr]).toEqual(['SIGTERM', '']);
    expect(sold()).toBe(5);
  });
});

describe('an app with both of them', () => {
  it.each([
    ['worker', 'main'],
    ['main', 'worker'],
    ['main', 'main'],
  ] as const)('loses nothing at the end of its event loop: collector in thread %s, AGENT_MODE=%s', async (thread, mode) => {
    const { code, stderr } = await run(here, { script: 'sold.add(5);', thread, env: { AGENT_MODE: mode } });
    expect([code, stderr]).toEqual([0, '']);
    expect(sold()).toBe(5);
  });

  it('goes by OTLP with its scope, judged as what comes from its owner: claims of another scope are cut out and told', async () => {
    const script = 'sold.add(5); console.log(await agent.flush(5000), JSON.stringify(agent.status())); await collector.stop();';
    const { stderr, stdout } = await run(here, { script, inProcess: { scope: 'ENTERPRISE' } });
    expect(stderr).toMatch(
      /^periscope agent: the collector in this process did not take \d+ data points: .*another scope than "ENTERPRISE"/m,
    );
    expect(stdout).toContain('"isInProcess":true');
    expect(sold()).toBeUndefined();
    await run(here, { script, inProcess: { scope: 'DEVELOPMENT' } });
    expect(sold()).toBe(5);
  });

  it('says where it goes: to an address that was named, whatever collector there is', async () => {
    const other = await OtlpSink.start();
    const script = 'sold.add(5); await agent.flush(5000); console.log(agent.status().isInProcess); await collector.stop();';
    const { stdout } = await run(here, { script, env: { OTEL_EXPORTER_OTLP_ENDPOINT: other.url } });
    expect(stdout).toBe('false\n');
    expect(pointsOf(other.bodies('metrics')).some(({ metric }) => metric === 'orders.sold')).toBe(true);
    expect(sold()).toBeUndefined();
    await other.close();
  });

  it('says that it goes by the network, and why, where its collector gives no way to it', async () => {
    const script = `
await collector.stop();
const connect = () => { throw new Error('of another version'); };
const broken = { isApart: true, takes: () => true, connect, end() {} };
const { collectors, agents } = globalThis[Symbol.for('periscope.meeting-point')];
collectors.push(broken);
for (const each of agents) each.changed();
await agent.flush(1000);
console.log(agent.status().isInProcess);
`;
    const { stdout, stderr } = await run(here, { script });
    expect(stdout).toBe('false\n');
    expect(stderr.match(/^periscope agent: cannot connect .*$/gm)).toEqual([
      'periscope agent: cannot connect to the collector in this process: Error: of another version; it goes by the network',
    ]);
  });

  it('finds its collector again that began anew, and the next one when the first has stopped', async () => {
    const script = `
const flushed = async () => { for (let n = 0; n < 100; n++) { if (await agent.flush(1000)) return true; await wait(50); } return false; };
sold.add(1);
const first = await flushed();
const second = await startCollector({ ...options, maxHeapMb: 512 });
await collector.stop();
sold.add(4);
console.log(first, await flushed(), agent.status().isInProcess, (await second.ledger()).receivers.length);
`;
    const { stdout, stderr } = await run(here, { script });
    expect([stdout, stderr]).toEqual(['true true true 1\n', '']);
    expect(sold()).toBe(5);
  });
});
