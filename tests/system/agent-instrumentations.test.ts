import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { AGENT_RUNTIMES } from '../support/agent-runtimes.ts';
import { type DecodedPoint, pointsOf } from '../support/metric-points.ts';
import { ROOT } from '../support/tree.ts';

interface Printed {
  readonly bodies: readonly string[];
  readonly report: readonly { readonly name: string; readonly on: boolean }[];
  readonly faults: readonly string[];
}

/** Those that run the sources as they are. */
const RUNTIMES = AGENT_RUNTIMES.filter(({ name }) => !name.startsWith('Node 20'));

/** What tests/support/instrumented-app.ts measures of itself under this runtime. */
async function run(runtime: string): Promise<{ readonly points: readonly DecodedPoint[]; readonly printed: Printed }> {
  const app = spawn(runtime, [join(ROOT, 'tests/support/instrumented-app.ts')], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  const [out, err] = await Promise.all([text(app.stdout), text(app.stderr), once(app, 'close')]);
  expect(app.exitCode, err).toBe(0);
  const printed = JSON.parse(out.trim().split('\n').at(-1)!) as Printed;
  return { points: pointsOf(printed.bodies.map((body) => Buffer.from(body, 'base64'))), printed };
}

/** `[route, status, error.type, count]` of each series of a metric. */
function series(points: readonly DecodedPoint[], metric: string): unknown[][] {
  return points
    .filter((point) => point.metric === metric)
    .map(({ attributes, tree }) => [
      attributes['http.request.method'],
      attributes['http.route'],
      attributes['http.response.status_code'],
      attributes['error.type'],
      Number(tree['count']),
    ])
    .toSorted((left, right) => (JSON.stringify(left) < JSON.stringify(right) ? -1 : 1));
}

const sorted = (rows: unknown[][]): unknown[][] =>
  rows.toSorted((left, right) => (JSON.stringify(left) < JSON.stringify(right) ? -1 : 1));

/** Of node:http, Express, Hono and Fastify, the same everywhere. */
const SERVED = [
  ['GET', undefined, 200, undefined, 3],
  ['GET', undefined, undefined, 'aborted', 1],
  ['POST', undefined, 200, undefined, 1],
  ['GET', '/orders/:order', 200, undefined, 2],
  ['GET', '/hono/:id', 200, undefined, 2],
  ['GET', '/fastify/:id', 200, undefined, 2],
  ['GET', undefined, 404, undefined, 3],
];

describe.each(RUNTIMES)('instrumentations under $name $note', ({ target, path, missing }) => {
  const isBun = target === 'bun';
  let points: readonly DecodedPoint[] = [];
  let printed: Printed;
  beforeAll(async () => {
    if (!missing) ({ points, printed } = await run(path));
  });

  it.skipIf(missing)('run without a fault', () => {
    expect(printed.faults).toEqual([]);
    expect(printed.report.find((each) => each.name === 'bun-serve')!.on).toBe(isBun);
    expect(printed.report.filter(({ on }) => on).length).toBe(isBun ? 8 : 7);
  });

  it.skipIf(missing)('measure every request that was served, with its route', () => {
    const node = series(
      points.filter(({ attributes }) => attributes['network.protocol.version'] === '1.1'),
      'http.server.request.duration',
    );
    expect(node).toEqual(sorted(SERVED));
  });

  it.skipIf(missing)('measure requests that were made', () => {
    const made = points.filter(({ attributes }) => attributes['http.response.status_code'] === 200);
    const count = made
      .filter(({ metric }) => metric === 'http.client.request.duration')
      .reduce((sum, { tree }) => sum + Number(tree['count']), 0);
    // By fetch, and by node:http.
    expect(count).toBe(2);
    const given = series(points, 'http.client.request.duration').filter((row) => row[3] === 'ECONNRESET');
    expect(given).toEqual([['GET', undefined, undefined, 'ECONNRESET', 1]]);
  });

  it.skipIf(missing || !isBun)('measure Bun.serve: routes, methods, errors, and what a reload brings', () => {
    const served = series(
      points.filter(({ attributes }) => attributes['network.protocol.version'] === undefined),
      'http.server.request.duration',
    );
    expect(served).toEqual(
      sorted([
        ['GET', '/bun/:id', 200, undefined, 2],
        ['GET', '/methods', 200, undefined, 1],
        ['POST', '/methods', 201, undefined, 1],
        ['GET', undefined, 404, undefined, 1],
        ['GET', undefined, 502, 'TypeError', 1],
        ['GET', '/later/:id', 200, undefined, 1],
        ['GET', undefined, 200, undefined, 1],
      ]),
    );
  });

  it.skipIf(missing)('tell of the runtime what it measures, and nothing else', () => {
    const names = new Set(points.map(({ metric }) => metric));
    expect(names).toContain('nodejs.eventloop.delay.p99');
    expect(names).toContain('process.cpu.time');
    expect(names.has('nodejs.eventloop.utilization')).toBe(!isBun);
    expect(names.has('nodejs.eventloop.time')).toBe(!isBun);
    expect(names.has('v8js.memory.heap.used')).toBe(!isBun);
    expect(isBun && names.has('v8js.gc.duration')).toBe(false);
  });
});
