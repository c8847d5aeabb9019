import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AGENT_RUNTIMES } from '../support/agent-runtimes.ts';
import { OtlpSink } from '../support/otlp-sink.ts';
import { pointsByInstance, projectIn, runProgram, settledTotal, type Ended } from '../support/prebuilt-agent.ts';
import { temporaryFolders } from '../support/temporary.ts';
import { ROOT } from '../support/tree.ts';

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

  it.skipIf(missing)('beside a newer copy of the API, which does not see it, is one line that names its path', async () => {
    const cwd = folders();
    const newer = join(cwd, 'shop/node_modules/@opentelemetry/api');
    cpSync(join(ROOT, 'node_modules/@opentelemetry/api'), newer, { recursive: true, dereference: true });
    const version = /'1\.\d+\.\d+'/g;
    for (const file of ['build/src/version.js', 'build/esm/version.js']) {
      writeFileSync(join(newer, file), readFileSync(join(newer, file), 'utf8').replaceAll(version, "'1.999.0'"));
    }
    const manifest = JSON.parse(readFileSync(join(newer, 'package.json'), 'utf8')) as object;
    writeFileSync(join(newer, 'package.json'), JSON.stringify({ ...manifest, version: '1.999.0' }));
    projectIn(cwd, { 'shop/app.js': APP }, { target });
    const args = [preload, './agent/index.js', 'shop/app.js'];
    const ended = await runProgram(path, args, { cwd, env: environmentIn(cwd) });
    expect(ended).toMatchObject({ code: 0, stdout: 'ok\n' });
    expect(ended.stderr).toMatch(
      /^periscope agent: cannot see [^\n]*shop\/node_modules\/@opentelemetry\/api: [^\n]*1\.999\.0[^\n]*\n$/,
    );
    expect(await settledTotal(sink, 'http.client.request.duration', 1)).toBe(1);
    expect(await settledTotal(sink, 'shop.orders', 0)).toBe(0);
  });
});
