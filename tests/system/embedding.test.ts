import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { BUN, runEmbedding } from '../support/embedding-app.ts';
import { OtlpSink } from '../support/otlp-sink.ts';

/** Threads, children, open files and sockets of this process, as Linux has them. */
const STATE = `
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
const state = () => ({
  threads: readdirSync('/proc/self/task').length,
  children: readdirSync('/proc/self/task').map((task) => readFileSync('/proc/self/task/' + task + '/children', 'utf8')).join('').trim(),
  files: readdirSync('/proc/self/fd').flatMap((fd) => { try { return [readlinkSync('/proc/self/fd/' + fd)]; } catch { return []; } }).filter((name) => /^(socket|\\/)/.test(name)).length,
  listeners: ['exit', 'beforeExit', 'SIGTERM', 'SIGINT', 'message'].map((name) => process.listenerCount(name)).join(),
});
`;

/** Not as a zombie, whom nobody waits for in some containers. */
function isRunning(pid: string): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

describe.skipIf(!existsSync('/proc/self/task'))('an application that starts and stops its collector again and again', () => {
  it.each(['worker', 'main'])(
    'has no thread, process, socket or file left of it, thread: %s',
    { timeout: 180_000 },
    async (thread, times) => {
      const sink = await OtlpSink.start();
      try {
        const script = `${STATE}
const options = { thread: '${thread}', config: {
  receivers: { otlp: { protocols: { http: { endpoint: '127.0.0.1:0' }, grpc: { endpoint: '127.0.0.1:0' } } } },
  processors: { batch: null },
  exporters: { otlp_http: { endpoint: '${sink.url}' }, windows: null },
  extensions: { health_check: { endpoint: '127.0.0.1:0' } },
  service: { extensions: ['health_check'], pipelines: { logs: { receivers: ['otlp'], processors: ['batch'], exporters: ['otlp_http', 'windows'] } } },
} };
const once = async () => {
  const collector = await startCollector(options);
  const { ok } = await collector.export('logs', logs(3));
  const pages = await Promise.all([collector.sql('select 1'), fetch(collector.urls[0] + '/v1/logs')]).catch((error) => [String(error)]);
  if (!ok || pages.length !== 2) throw new Error(JSON.stringify([ok, pages]));
  await pages[1].text();
  await collector.stop();
};
// The first loads what stays loaded.
for (let n = 0; n < 2; n++) await once();
await wait(200);
const before = state();
for (let n = 0; n < ${times}; n++) await once();
await wait(200);
console.log(JSON.stringify([before, state()]));
`;
        const { code, stdout, stderr } = await runEmbedding(script);
        expect([code, stderr.replaceAll(/^.* info .*\n/gm, '')]).toEqual([0, '']);
        const [before, after] = JSON.parse(stdout) as [Record<string, unknown>, Record<string, unknown>];
        expect(after).toEqual({ ...before, files: expect.any(Number) });
        // Connections that fetch keeps may come and go.
        expect(Number(after['files'])).toBeLessThanOrEqual(Number(before['files']) + 1);
        expect(before['children']).toBe('');
        await expect.poll(() => sink.openConnections).toBe(0);
      } finally {
        await sink.close();
      }
    },
  );

  it('that crashes takes its analytics process along', async () => {
    const script = `
const collector = await startCollector();
await collector.export('logs', logs(3));
await collector.sql('select 1');
process.stdout.write(String(process.pid) + '\\n');
await wait(30000);
`;
    let child = '';
    await runEmbedding(script, {
      wrote: (_stdout, pid) => {
        const tasks = readdirSync(`/proc/${pid}/task`);
        child = tasks
          .map((task) => readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8'))
          .join(' ')
          .trim();
        process.kill(pid, 'SIGKILL');
      },
    });
    expect(child).toMatch(/^\d+$/);
    await expect.poll(() => isRunning(child), { timeout: 15_000 }).toBe(false);
  });
});

describe.skipIf(!existsSync(BUN))('an application on Bun', () => {
  const ASKS = `
const collector = await startCollector();
console.log(JSON.stringify(await collector.export('logs', logs(3))));
const { rows } = await collector.sql('select 1 as one');
console.log(JSON.stringify(rows));
`;

  it('has its collector in a thread, its analytics on the Node of PATH, and ends with it', { timeout: 60_000 }, async () => {
    expect(await runEmbedding(ASKS, { runtime: BUN })).toMatchObject({
      code: 0,
      stderr: '',
      stdout: '{"ok":true}\n[{"one":1}]\n',
    });
  });

  it('is told what is missing where PATH has no Node', { timeout: 60_000 }, async () => {
    const { code, stderr } = await runEmbedding(ASKS, { runtime: BUN, env: { PATH: '/nowhere' } });
    expect(code).toBe(1);
    expect(stderr).toContain('cannot start the analytics process: it runs on Node, and PATH has none (this is Bun)');
  });
});
