import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from 'vitest';
import { AGENT_RUNTIMES } from '../support/agent-runtimes.ts';
import { OtlpSink } from '../support/otlp-sink.ts';
import { temporaryFolders } from '../support/temporary.ts';
import { ROOT, trackedFiles } from '../support/tree.ts';

/** The agent as it is published: prebuilt bundles, run by each runtime. */
const AGENT = join(ROOT, 'agent/instrument');
/** What npm links as `periscope-agent`. */
const LAUNCHER = join(AGENT, 'periscope-agent.js');
const folders = temporaryFolders();
let sink: OtlpSink | undefined;
afterEach(async () => sink?.close());

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function run(program: string, args: readonly string[], environment: Record<string, string> = {}): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: ROOT, env: { PATH: process.env['PATH'], ...environment } });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
}

const bundleOf = (target: string, variant: string): string => join(AGENT, 'dist', target, variant, 'index.js');

describe.each(AGENT_RUNTIMES)('on $name $note', ({ path: program, target, missing }) => {
  it.skipIf(missing)('an app reads in its tests what it would have sent', async () => {
    const app = `
      import { mockApi } from ${JSON.stringify(bundleOf(target, 'development'))};
      import { metrics } from '@opentelemetry/api';
      metrics.getMeter('shop').createCounter('orders').add(3, { channel: 'web' });
      console.log(JSON.stringify(await mockApi.requests()));`;
    const ended = await run(program, [...inline(target), app], { AGENT_MOCK_API: '1', OTEL_SERVICE_NAME: 'shop' });
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    expect(ended.stdout).toMatch(/"shop".*"orders".*"asDouble":3/s);
  });

  it.skipIf(missing)('the minimal variant loads, and does nothing', async () => {
    const app = `const agent = await import(${JSON.stringify(bundleOf(target, 'minimal'))}); console.log(agent.engine, agent.mockApi);`;
    const ended = await run(program, [...inline(target), app], { AGENT_MOCK_API: '1' });
    expect(ended).toEqual({ code: 0, stdout: 'undefined undefined\n', stderr: '' });
  });

  it.skipIf(missing)('doctor sends its point, ends with 0, and with 1 when nobody takes it', async () => {
    const taking = await OtlpSink.start();
    sink = taking;
    const { url } = taking;
    const options = [LAUNCHER, 'doctor'];
    const taken = await run(program, options, { OTEL_EXPORTER_OTLP_ENDPOINT: url });
    expect(taken.stdout).toContain('the test point was taken');
    expect(taking.requests).toHaveLength(1);
    await taking.close();
    const refused = await run(program, options, { OTEL_EXPORTER_OTLP_ENDPOINT: url });
    expect(refused.stdout).toContain(`nobody listens at ${url}`);
    expect([taken.code, refused.code]).toEqual([0, 1]);
  });
});

it('doctor without a command, or with one that it has not, says how it is used', async () => {
  expect(await run(process.execPath, [LAUNCHER])).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('periscope-agent doctor'),
  });
  expect((await run(process.execPath, [LAUNCHER, 'operate'])).code).toBe(2);
});

it('doctor runs where there is no copy of the API, and says so', async () => {
  const folder = folders();
  cpSync(join(AGENT, 'dist/doctor.js'), join(folder, 'doctor.mjs'));
  const ended = await run(process.execPath, [join(folder, 'doctor.mjs'), 'doctor', folder], { AGENT_MODE: 'none' });
  expect(ended).toMatchObject({ code: 1, stderr: '' });
  expect(ended.stdout).toContain(`cannot find @opentelemetry/api from ${folder}: npm install @opentelemetry/api`);
});

it('doctor ends as it should when its reader goes', async () => {
  const child = spawn(process.execPath, [LAUNCHER, 'doctor'], {
    cwd: ROOT,
    env: { PATH: process.env['PATH'], OTEL_METRICS_EXPORTER: 'none' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stdout.destroy();
  const [said, [code]] = await Promise.all([text(child.stderr), once(child, 'close')]);
  expect([said, code]).toEqual(['', 1]);
});

it('is found by what reads no exports, too: older resolvers of TypeScript, test runners and bundlers', () => {
  const manifest = JSON.parse(readFileSync(join(AGENT, 'package.json'), 'utf8')) as {
    readonly main: string;
    readonly types: string;
    readonly exports: { readonly '.': { readonly default: string; readonly types: string } };
  };
  expect([manifest.main, manifest.types]).toEqual([manifest.exports['.'].default, manifest.exports['.'].types]);
  expect(statSync(join(AGENT, manifest.main)).isFile() && statSync(join(AGENT, manifest.types)).isFile()).toBe(true);
});

it('npm links periscope-agent before anything is built', () => {
  const named = { 'periscope-agent': 'periscope-agent.js' };
  const locked = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as { packages: Record<string, unknown> };
  expect(locked.packages['agent/instrument']).toMatchObject({ bin: named });
  const { bin, files } = JSON.parse(readFileSync(join(AGENT, 'package.json'), 'utf8')) as Record<string, unknown>;
  expect(bin).toEqual({ 'periscope-agent': './periscope-agent.js' });
  expect(files).toContain('periscope-agent.js');
  // npm links what is there when it installs, and is not asked to change what git keeps.
  expect(trackedFiles()).toContain('agent/instrument/periscope-agent.js');
  expect(statSync(LAUNCHER).mode & 0o111).toBe(0o111);
  expect(readFileSync(LAUNCHER, 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
});

function inline(target: string): readonly string[] {
  return target === 'bun' ? ['-e'] : ['--input-type=module', '-e'];
}
