import { once } from 'node:events';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AGENT_RUNTIMES } from '../support/agent-runtimes.ts';
import { OtlpSink } from '../support/otlp-sink.ts';
import { pointsByInstance, projectIn, runProgram, settledTotal, totalsOf, type Ended } from '../support/prebuilt-agent.ts';
import { temporaryFolders } from '../support/temporary.ts';
import { ROOT } from '../support/tree.ts';

const BUN = join(ROOT, 'node_modules/.bin/bun');
const folders = temporaryFolders();
let sink: OtlpSink;
beforeEach(async () => {
  sink = await OtlpSink.start();
});
afterEach(() => sink.close());

const APP = `
  import { createServer } from 'node:http';
  import { metrics } from '@opentelemetry/api';
  metrics.getMeter('shop').createCounter('shop.orders').add(2);
  const server = createServer((_request, response) => response.end('ok')).listen(0, '127.0.0.1', async () => {
    const answer = await fetch('http://127.0.0.1:' + server.address().port, { headers: { connection: 'close' } });
    console.log(await answer.text());
    server.close();
    const { flush } = await import(process.env.BUNDLE);
    await flush(10_000);
  });
`;
const FOREIGN = `
  import { metrics } from '@opentelemetry/api';
  import { MeterProvider } from '@opentelemetry/sdk-metrics';
  metrics.setGlobalMeterProvider(new MeterProvider({}));
`;
const TRACED = `
  import { trace } from '@opentelemetry/api';
  if (trace.setGlobalTracerProvider({ getTracer: () => ({}) })) console.log('registered');
`;
/** Whatever is registered first decides the version. */
const LOGGING = `
  import { diag } from '@opentelemetry/api';
  const nothing = () => undefined;
  diag.setLogger({ error: nothing, warn: nothing, info: nothing, debug: nothing, verbose: nothing });
`;
/** Ends when garbage was collected under the eyes of the agent. */
const PERF_HOOKS = `
  const isLoaded = () => process.moduleLoadList.includes('NativeModule perf_hooks');
  const atStart = isLoaded();
  const { flush } = await import(process.env.BUNDLE);
  while (!isLoaded()) await new Promise((resolve) => setTimeout(resolve, 5));
  const { PerformanceObserver } = process.getBuiltinModule('node:perf_hooks');
  let seen = false;
  new PerformanceObserver(() => (seen = true)).observe({ entryTypes: ['gc'] });
  while (!seen) {
    for (let round = 0; round < 1000; round++) Array.from({ length: 1000 }, () => ({ round }));
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await flush(10_000);
  console.log(atStart, isLoaded());
`;
/** No engine can be made: it would keep its numbers in shared memory. */
const NO_SHARED_MEMORY = `
  import 'node:worker_threads';
  globalThis.SharedArrayBuffer = class { constructor() { throw new Error('no shared memory'); } };
`;

const environmentIn = (cwd: string): Readonly<Record<string, string>> => ({
  OTEL_EXPORTER_OTLP_ENDPOINT: sink.url,
  BUNDLE: pathToFileURL(join(cwd, 'agent/index.js')).href,
});

describe.each(AGENT_RUNTIMES)('the start on $name $note', ({ path, target, preload, missing }) => {
  const run = (before: string, env: Readonly<Record<string, string>> = {}): Promise<Ended> => {
    const cwd = folders();
    projectIn(cwd, { 'app.js': APP, 'before.js': before }, { target });
    const args = [preload, './before.js', preload, './agent/index.js', 'app.js'];
    return runProgram(path, args, { cwd, env: { ...environmentIn(cwd), ...env } });
  };

  it.skipIf(missing)('that fails is one line, and the app runs without an agent', async () => {
    const ended = await run(NO_SHARED_MEMORY);
    expect(ended).toMatchObject({ code: 0, stdout: 'ok\n' });
    expect(ended.stderr).toBe('periscope agent: cannot start: no shared memory; the application goes on without it\n');
    expect(sink.seen).toBe(0);
  });

  it.skipIf(missing)('on a runtime that is too old is one line, and the app runs without an agent', async () => {
    const ended = await run('process.getBuiltinModule = undefined;');
    expect(ended).toMatchObject({ code: 0, stdout: 'ok\n' });
    expect(ended.stderr).toBe(
      'periscope agent: cannot start: it needs process.getBuiltinModule, which Node has since 20.16; the application goes on without it\n',
    );
  });

  it.skipIf(missing)('that fails ends the app where AGENT_STRICT asks for it', async () => {
    const ended = await run(NO_SHARED_MEMORY, { AGENT_STRICT: '1' });
    expect(ended).toMatchObject({ code: 1, stdout: '' });
    expect(ended.stderr).toContain('no shared memory');
  });

  it.skipIf(missing)('beside a provider of somebody else is one line, and measures what the agent sees by itself', async () => {
    const ended = await run(FOREIGN);
    expect(ended).toMatchObject({ code: 0, stdout: 'ok\n' });
    expect(ended.stderr).toMatch(/^periscope agent: cannot register [^\n]* MeterProvider is there already[^\n]*\n$/);
    expect(await settledTotal(sink, 'http.client.request.duration', 1)).toBe(1);
    // That of the app is where the app sent it.
    expect(await settledTotal(sink, 'shop.orders', 0)).toBe(0);
    expect(pointsByInstance(sink).size).toBe(1);
  });

  it.skipIf(missing || target === 'bun')(
    'loads no part of node:perf_hooks before the app runs, and measures by it later',
    async () => {
      const cwd = folders();
      projectIn(cwd, { 'app.js': PERF_HOOKS }, { target });
      const ended = await runProgram(path, [preload, './agent/index.js', 'app.js'], { cwd, env: environmentIn(cwd) });
      expect(ended).toMatchObject({ code: 0, stdout: 'false true\n', stderr: '' });
      expect(totalsOf(sink, 'v8js.gc.duration').size).toBe(1);
    },
  );

  describe.each(['1.3.0', '1.9.0', '1.10.0', '1.999.0'])('of an app whose copy of the API is %s', (version) => {
    it.skipIf(missing)('is seen by it, and leaves it free to register a tracer', async () => {
      const cwd = folders();
      projectIn(cwd, { 'shop/app.js': `${TRACED}${APP}` }, { target });
      apiCopyIn(join(cwd, 'shop'), version);
      const ended = await runProgram(path, [preload, './agent/index.js', 'shop/app.js'], { cwd, env: environmentIn(cwd) });
      expect(ended).toMatchObject({ code: 0, stdout: 'registered\nok\n', stderr: '' });
      expect(await settledTotal(sink, 'http.client.request.duration', 1)).toBe(1);
      expect(await settledTotal(sink, 'shop.orders', 2)).toBe(2);
    });
  });

  it.skipIf(missing)('where there are no packages fetches none', async () => {
    const asked: string[] = [];
    const registry = createServer((request, response) => {
      asked.push(request.url ?? '');
      response.writeHead(404).end();
    }).listen(0, '127.0.0.1');
    await once(registry, 'listening');
    try {
      const cwd = folders();
      cpSync(join(ROOT, 'agent/instrument/dist', target, 'production'), join(cwd, 'agent'), { recursive: true });
      for (const [name, text] of [
        ['agent/package.json', '{"type":"module"}'],
        ['app.js', "console.log('ok')"],
      ] as const) {
        writeFileSync(join(cwd, name), text);
      }
      const { port } = registry.address() as AddressInfo;
      const env = { BUN_CONFIG_REGISTRY: `http://127.0.0.1:${port}/`, BUN_INSTALL_CACHE_DIR: join(cwd, 'cache') };
      const args = [preload, './agent/index.js', 'app.js'];
      const ended = await runProgram(path, args, { cwd, env: { ...environmentIn(cwd), ...env } });
      expect(ended).toMatchObject({ code: 0, stdout: 'ok\n', stderr: '' });
      expect(asked).toEqual([]);
    } finally {
      registry.close();
    }
  });

  it.skipIf(missing || target === 'bun')('as it is installed asks Node for no copy that is not there', async () => {
    const cwd = folders();
    const agent = 'node_modules/@periscope-otel/agent';
    cpSync(join(ROOT, 'agent/instrument/dist/node/production'), join(cwd, agent, 'dist/node/production'), { recursive: true });
    const asked = 'asked for a copy';
    for (const [name, text] of [
      [join(agent, 'package.json'), '{"type":"module","exports":"./dist/node/production/index.js"}'],
      [
        'hooks.mjs',
        `export const resolve = (name, context, next) => {
        if (name === '@opentelemetry/api') throw new Error(process._rawDebug('${asked}'));
        return next(name, context);
      };`,
      ],
      ['before.mjs', "import { register } from 'node:module'; register('./hooks.mjs', import.meta.url);"],
      ['app.mjs', "await import(process.argv[2]).catch(() => undefined); console.log('ok')"],
    ] as const) {
      writeFileSync(join(cwd, name), text);
    }
    const before = ['--import', './before.mjs'];
    const agentFirst = [...before, '--import', '@periscope-otel/agent', 'app.mjs', 'node:fs'];
    const env = { ...environmentIn(cwd), OTEL_METRICS_EXPORTER: 'none' };
    expect(await runProgram(path, agentFirst, { cwd, env })).toMatchObject({ code: 0, stdout: 'ok\n', stderr: '' });
    // Whoever does ask is seen.
    const asking = await runProgram(path, [...before, 'app.mjs', '@opentelemetry/api'], { cwd, env });
    expect(asking).toMatchObject({ code: 0, stdout: 'ok\n', stderr: `${asked}\n` });
  });

  it.skipIf(missing)('of an app that is one file with it sees what is measured, and traced, from its first line on', async () => {
    const cwd = folders();
    const first = `import './agent/index.js';\n${TRACED}${APP.replace('import(process.env.BUNDLE)', "import('./agent/index.js')")}`;
    projectIn(cwd, { 'app.js': first }, { target });
    const alone = folders();
    const built = await runProgram(BUN, ['build', 'app.js', `--target=${target}`, `--outfile=${join(alone, 'app.js')}`], { cwd });
    expect(built).toMatchObject({ code: 0 });
    const ended = await runProgram(path, [join(alone, 'app.js')], { cwd: alone, env: environmentIn(cwd) });
    expect(ended).toMatchObject({ code: 0, stdout: 'registered\nok\n' });
    expect(await settledTotal(sink, 'shop.orders', 2)).toBe(2);
  });

  it.skipIf(missing)(
    'after somebody registered by an older copy than that of the app is one line that names its path',
    async () => {
      const cwd = folders();
      projectIn(cwd, { 'shop/app.js': APP, 'before.js': LOGGING }, { target });
      apiCopyIn(join(cwd, 'shop'), '1.999.0');
      const args = [preload, './before.js', preload, './agent/index.js', 'shop/app.js'];
      const ended = await runProgram(path, args, { cwd, env: environmentIn(cwd) });
      expect(ended).toMatchObject({ code: 0, stdout: 'ok\n' });
      expect(ended.stderr).toMatch(
        /^periscope agent: cannot see [^\n]*shop\/node_modules\/@opentelemetry\/api: [^\n]*1\.999\.0[^\n]*\n$/,
      );
      expect(await settledTotal(sink, 'http.client.request.duration', 1)).toBe(1);
      expect(await settledTotal(sink, 'shop.orders', 0)).toBe(0);
    },
  );
});

/** The API as it is installed here, by another number: its rule is the same in all of 1.x. */
function apiCopyIn(folder: string, version: string): void {
  const copy = join(folder, 'node_modules/@opentelemetry/api');
  cpSync(join(ROOT, 'node_modules/@opentelemetry/api'), copy, { recursive: true, dereference: true });
  for (const file of ['build/src/version.js', 'build/esm/version.js', 'build/esnext/version.js']) {
    const text = readFileSync(join(copy, file), 'utf8');
    writeFileSync(join(copy, file), text.replaceAll(/'1\.\d+\.\d+'/g, `'${version}'`));
  }
  const manifest = JSON.parse(readFileSync(join(copy, 'package.json'), 'utf8')) as object;
  writeFileSync(join(copy, 'package.json'), JSON.stringify({ ...manifest, version }));
}
