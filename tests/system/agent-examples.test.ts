import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type DecodedPoint, pointsOf } from '../support/metric-points.ts';
import { peer } from '../support/peers.ts';
import { ROOT } from '../support/tree.ts';

const node24 = peer('node24');
const RUNTIMES = [
  { name: 'this Node', path: process.execPath, flag: '--import', missing: false, note: '' },
  { ...node24, name: 'Node 24', flag: '--import' },
  { name: 'Bun', path: join(ROOT, 'node_modules/.bin/bun'), flag: '--preload', missing: false, note: '' },
];

/** Asked of each app, and the routes and statuses that are measured of it. */
const SERVERS = [
  {
    app: 'node-http',
    paths: ['/', '/chain', '/none'],
    served: [
      [200, undefined, 3],
      [404, undefined, 1],
    ],
  },
  { app: 'express', paths: ['/users/1/orders/2', '/users/3/orders/4'], served: [[200, '/users/:user/orders/:order', 2]] },
  {
    app: 'fastify',
    paths: ['/users/1', '/users/2', '/'],
    served: [
      [200, '/users/:user', 2],
      [200, '/', 1],
    ],
  },
  {
    app: 'bun-serve',
    paths: ['/users/1', '/users/2', '/none'],
    served: [
      [200, '/users/:user', 2],
      [404, undefined, 1],
    ],
  },
];

describe.each(RUNTIMES)('example apps under $name $note', ({ name, path, flag, missing }) => {
  const folder = mkdtempSync(join(tmpdir(), 'periscope-examples-'));
  const preload = join(folder, 'measure.mjs');
  let running: ChildProcess | undefined;
  beforeAll(() => writeFileSync(preload, measuring(join(folder, 'points.json'))));
  afterEach(() => void running?.kill('SIGKILL'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function start(app: string): ChildProcess {
    running = spawn(path, [flag, preload, join(ROOT, 'agent/instrument/examples', app, 'app.js')], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, PORT: '0', NODE_OPTIONS: '' },
    });
    return running;
  }

  function points(): readonly DecodedPoint[] {
    const bodies = JSON.parse(readFileSync(join(folder, 'points.json'), 'utf8')) as string[];
    return pointsOf(bodies.map((body) => Buffer.from(body, 'base64')));
  }

  for (const { app, paths, served } of SERVERS) {
    it.skipIf(missing || (app === 'bun-serve' && name !== 'Bun'))(
      `${app} answers, is measured, and ends when told to`,
      async () => {
        const child = start(app);
        const [line] = (await once(child.stdout!, 'data')) as [Buffer];
        for (const asked of paths) {
          const response = await fetch(new URL(asked, String(line).trim()), { headers: { connection: 'close' } });
          expect((await response.text()).length).toBeGreaterThan(0);
        }
        child.kill('SIGTERM');
        await once(child, 'close');
        const durations = points().filter(({ metric }) => metric === 'http.server.request.duration');
        const rows = durations.map(({ attributes, tree }) => [
          attributes['http.response.status_code'],
          attributes['http.route'],
          Number(tree['count']),
        ]);
        expect(new Set(rows.map((row) => JSON.stringify(row)))).toEqual(new Set(served.map((row) => JSON.stringify(row))));
      },
    );
  }

  it.skipIf(missing)('cli ends at once, with its own metric', async () => {
    const child = start('cli');
    const [[line], [code]] = await Promise.all([once(child.stdout!, 'data'), once(child, 'close')]);
    expect(code).toBe(0);
    const [point] = points().filter(({ metric }) => metric === 'words.counted');
    expect(point).toMatchObject({ unit: '{word}', value: Number(line) });
  });
});

/** A module that starts the instrumentations on an engine, and writes what it has measured when the process ends. */
function measuring(file: string): string {
  const url = (path: string): string => JSON.stringify(pathToFileURL(join(ROOT, path)).href);
  return `
    import { writeFileSync } from 'node:fs';
    import api from ${url('node_modules/@opentelemetry/api/build/src/index.js')};
    import { encodeResource } from ${url('dist/agent/instrument/encode/attributes.js')};
    import { CellReader } from ${url('dist/agent/instrument/encode/reader.js')};
    import { startInstrumentations } from ${url('dist/agent/instrument/instrumentations/index.js')};
    import { AgentMeterProvider } from ${url('dist/agent/instrument/metrics/provider.js')};
    const reader = new CellReader({ resource: encodeResource({}), temporality: 'cumulative' });
    const provider = new AgentMeterProvider({ sink: reader, onFault: (_, detail) => process.stderr.write(detail) });
    api.metrics.setGlobalMeterProvider(provider);
    startInstrumentations(provider.getMeter('agent'));
    process.on('exit', () => {
      const { requests } = reader.collect(BigInt(Date.now()) * 1000000n, 2 ** 22);
      writeFileSync(${JSON.stringify(file)}, JSON.stringify(requests.map(({ body }) => Buffer.from(body).toString('base64'))));
    });
  `;
}
