import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AGENT_RUNTIMES, type AgentRuntime } from '../support/agent-runtimes.ts';
import { Collector, yamlOf } from '../support/collector.ts';
import { type EnvironmentMetric, EVENT_LOOP_DELAYS, PROCESS_METRICS, V8_METRICS } from '../support/environment-metrics.ts';
import { EXAMPLE_SERVERS, type ExampleApp } from '../support/example-apps.ts';
import { type EndedRun, type ExampleRun, runExample } from '../support/example-run.ts';
import { difference, NO_DIFFERENCE } from '../support/items.ts';
import { type DecodedPoint, textOf } from '../support/metric-points.ts';
import { otelcol, startOtelcol } from '../support/otelcol.ts';
import { OtlpSink } from '../support/otlp-sink.ts';
import { RUN, RunPoints } from '../support/run-points.ts';
import { ROOT } from '../support/tree.ts';

/**
 * The examples as people start them, on every runtime, once for each of two real collectors that they send to. What is
 * expected was written by hand from the requests.
 */
const EXAMPLES = join(ROOT, 'agent/instrument/examples');
const AT_ONCE = 3;
const CLI = 'cli';
/** The boundaries that semantic conventions have for durations of HTTP requests, in s. */
const HTTP_BOUNDARIES = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];
/** Fast, so that nobody waits for it. */
const EXPORT_INTERVAL_MS = '200';
/** The last data of a process has half a second to be delivered, or is given up. Where other programs want this machine, too,
 *  that may not be enough to start a thread and send: it is asked again. tests/agent/instrument/export counts each value. */
const CLI_ATTEMPTS = 10;

const COLLECTORS = ['Periscope', 'otelcol'] as const;
type CollectorName = (typeof COLLECTORS)[number];
const isMissing = (collector: CollectorName): boolean => collector === 'otelcol' && otelcol.missing;
const noteOf = (collector: CollectorName): string => (collector === 'otelcol' ? otelcol.note : '');

const runName = (collector: CollectorName, { name }: AgentRuntime, app: string, attempt = 1): string =>
  `${app} on ${name} to ${collector}, attempt ${attempt}`;
const appsOf = ({ target }: AgentRuntime): readonly ExampleApp[] =>
  EXAMPLE_SERVERS.filter(({ onlyBun }) => onlyBun === undefined || target === 'bun');

/** How each run ended, or why there was none. */
const runs = new Map<string, EndedRun | Error>();
/** Where each collector sends on what came to it. That of otelcol has what Periscope handed on to otelcol, too. */
let sinks: Readonly<Record<CollectorName, OtlpSink>>;
let arrived: Readonly<Record<CollectorName, RunPoints>>;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'periscope-examples-'));
  const file = join(folder, 'words.txt');
  await writeFile(file, 'one two  three\n\tfour\nfive\n');
  sinks = { Periscope: await OtlpSink.start(), otelcol: await OtlpSink.start() };
  arrived = { Periscope: new RunPoints(sinks.Periscope), otelcol: new RunPoints(sinks.otelcol) };
  const other = otelcol.missing
    ? undefined
    : await startOtelcol({
        protocols: 'http: { endpoint: "$ENDPOINT" }',
        exporter: `otlp_http: { endpoint: "${sinks.otelcol.url}" }`,
      });
  const onwards = other === undefined ? '' : `  otlp_http/otelcol: { endpoint: "http://${other.address}" }\n`;
  await using periscope = await Collector.start(
    yamlOf({
      exporters: `  otlp_http: { endpoint: "${sinks.Periscope.url}" }\n${onwards}`,
      processors: '  scope:\n  sanitize:\n  batch: { timeout: 50ms }\n',
      chain: ['scope', 'sanitize', 'batch'],
    }),
  );
  try {
    const endpoints = { Periscope: periscope.url(), otelcol: `http://${other?.address}` };
    await runAll(endpoints, file);
    // Both hand on all they have before they end.
    expect(await periscope.stop()).toEqual({ code: 0, signal: null });
  } finally {
    await other?.stop();
    for (const sink of Object.values(sinks)) await sink.close();
  }
}, 180_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

async function runAll(endpoints: Readonly<Record<CollectorName, string>>, file: string): Promise<void> {
  const pairs = AGENT_RUNTIMES.filter(({ missing }) => !missing).flatMap((runtime) =>
    COLLECTORS.filter((collector) => !isMissing(collector)).map((collector) => ({ runtime, collector })),
  );
  const start = (
    name: string,
    collector: CollectorName,
    runtime: AgentRuntime,
    run: Pick<ExampleRun, 'app' | 'args' | 'asks'>,
  ): Promise<EndedRun> => {
    const { served = [] } = EXAMPLE_SERVERS.find(({ app }) => app === run.app) ?? {};
    const expected = served.reduce((sum, [, , , count]) => sum + count, 0);
    return runExample({
      ...run,
      runtime,
      endpoint: endpoints[collector],
      env: {
        AGENT_SCOPE: 'DEVELOPMENT',
        OTEL_RESOURCE_ATTRIBUTES: `${RUN}=${encodeURIComponent(name)}`,
        OTEL_METRIC_EXPORT_INTERVAL: EXPORT_INTERVAL_MS,
      },
      arrived: () => servedIn(arrived[collector].latest(name)) >= expected,
    });
  };
  const servers = pairs.flatMap(({ collector, runtime }) =>
    appsOf(runtime).map(({ app, asks }) => ({ collector, runtime, app, asks })),
  );
  const work = async (): Promise<void> => {
    for (let next = servers.shift(); next !== undefined; next = servers.shift()) {
      const { collector, runtime, app, asks } = next;
      const name = runName(collector, runtime, app);
      const ended = start(name, collector, runtime, { app, asks });
      runs.set(name, await ended.catch((error: unknown) => error as Error));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  for (const { collector, runtime } of pairs) {
    for (let attempt = 1; attempt <= CLI_ATTEMPTS; attempt += 1) {
      const name = runName(collector, runtime, CLI, attempt);
      const ended = start(name, collector, runtime, { app: CLI, args: [file] });
      runs.set(name, await ended.catch((error: unknown) => error as Error));
      // Both collectors hold what comes for a moment.
      await new Promise((resolve) => setTimeout(resolve, 300));
      if (arrived[collector].of(name).length > 0) break;
    }
  }
}

/** The attempt whose data came, or the last one. */
function cliRun(collector: CollectorName, runtime: AgentRuntime): string {
  const names = Array.from({ length: CLI_ATTEMPTS }, (_, at) => runName(collector, runtime, CLI, at + 1));
  const made = names.filter((name) => runs.has(name));
  return made.find((name) => arrived[collector].of(name).length > 0) ?? made.at(-1)!;
}

/** Requests that are counted in these points. */
function servedIn(points: readonly DecodedPoint[]): number {
  const served = points.filter(({ metric }) => metric === 'http.server.request.duration');
  return served.reduce((sum, { tree }) => sum + Number(tree['count']), 0);
}

function endedRun(name: string): EndedRun {
  const run = runs.get(name);
  if (run instanceof Error) throw run;
  expect(run, name).toMatchObject({ code: 0, signal: null, stderr: '' });
  return run!;
}

const sorted = (rows: readonly unknown[]): readonly string[] => rows.map((row) => JSON.stringify(row)).toSorted();

/** `[attributes, count]` of each series of a histogram of durations. */
function durations(points: readonly DecodedPoint[], metric: string): readonly string[] {
  const ours = points.filter((point) => point.metric === metric);
  for (const { meter, unit, type, temporality, startNs, timeNs, tree } of ours) {
    expect({ meter, unit, type, temporality }).toEqual({
      meter: '@periscope-otel/agent',
      unit: 's',
      type: 'histogram',
      temporality: 2,
    });
    expect(tree['explicitBounds']).toEqual(HTTP_BOUNDARIES);
    const counts = (tree['bucketCounts'] as readonly bigint[]).reduce((sum, count) => sum + count, 0n);
    expect(counts).toBe(tree['count']);
    const [least, most, sum] = [tree['min'], tree['max'], tree['sum']].map(Number) as [number, number, number];
    expect(least > 0 && least <= most && most <= sum && sum < 60).toBe(true);
    expect(startNs > 0n && startNs < timeNs).toBe(true);
  }
  return sorted(ours.map(({ attributes, tree }) => [textOf(attributes), Number(tree['count'])]));
}

/** Attributes with a value. */
const present = (attributes: Readonly<Record<string, unknown>>): string =>
  textOf(Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined)));

function servedBy({ served, version }: ExampleApp): readonly string[] {
  return sorted(
    served.map(([method, status, route, count]) => [
      present({
        'http.request.method': method,
        'url.scheme': 'http',
        'http.route': route,
        'http.response.status_code': status,
        'network.protocol.version': version,
      }),
      count,
    ]),
  );
}

function madeBy({ made = [] }: ExampleApp, address: string): readonly string[] {
  const { hostname, port } = new URL(address);
  return sorted(
    made.map(([method, status, count]) => [
      present({
        'http.request.method': method,
        'url.scheme': 'http',
        'server.address': hostname,
        'server.port': Number(port),
        'http.response.status_code': status,
      }),
      count,
    ]),
  );
}

/** `[op.name, outcome, count]` of each series of operations. */
function operationsIn(points: readonly DecodedPoint[]): readonly string[] {
  const ours = points.filter(({ metric }) => metric === 'op.duration');
  for (const { meter, unit, type, temporality, tree } of ours) {
    expect({ meter, unit, type, temporality }).toEqual({
      meter: 'periscope.operations',
      unit: 's',
      type: 'exponentialHistogram',
      temporality: 2,
    });
    const { bucketCounts } = tree['positive'] as unknown as { bucketCounts: readonly bigint[] };
    expect(bucketCounts.reduce((sum, count) => sum + count, 0n) + BigInt(Number(tree['zeroCount'] ?? 0))).toBe(tree['count']);
    expect(Number(tree['min']) >= 0 && Number(tree['max']) <= Number(tree['sum'])).toBe(true);
  }
  return sorted(ours.map(({ attributes, tree }) => [attributes['op.name'], attributes['outcome'], Number(tree['count'])]));
}

/** That a metric is there as the conventions have it, and says nothing that is not so. */
function expectMeasured(
  points: readonly DecodedPoint[],
  { metric, unit, type, monotonic, by, zeros = [] }: EnvironmentMetric,
): void {
  const ours = points.filter((point) => point.metric === metric);
  const temporality = type === 'sum' ? 2 : undefined;
  const values = ours.map((point) => {
    expect({ ...point, metric }).toMatchObject({ unit, type, monotonic });
    expect(point.temporality, metric).toBe(temporality);
    const value = by === undefined ? '' : String(point.attributes[by.key]);
    expect(Object.keys(point.attributes), metric).toEqual(by === undefined ? [] : [by.key]);
    const isTrue = point.value > 0 || (point.value === 0 && (zeros.includes(value) || zeros.includes('*')));
    expect(isTrue, `${metric} ${value} is ${point.value}`).toBe(true);
    return value;
  });
  if (by?.andOthers === true) expect(values, metric).toEqual(expect.arrayContaining([...by.values]));
  else expect(values.toSorted(), metric).toEqual([...(by?.values ?? [''])].toSorted());
}

function expectResource(points: readonly DecodedPoint[], app: string, { target }: AgentRuntime): void {
  expect(points.length).toBeGreaterThan(0);
  const instances = new Set(points.map(({ resource }) => resource['service.instance.id']));
  expect(instances.size).toBe(1);
  for (const { resource } of points)
    expect(resource).toMatchObject({
      'service.name': `${app}-example`,
      'periscope.scope': 'DEVELOPMENT',
      'process.runtime.name': target === 'bun' ? 'bun' : 'nodejs',
      'telemetry.distro.name': '@periscope-otel/agent',
    });
}

describe.each(AGENT_RUNTIMES)('example apps under $name $note', (runtime) => {
  const { missing, target } = runtime;
  const onNode = target === 'node';

  describe.each(COLLECTORS)('sending to a real %s', (collector) => {
    const isSkipped = missing || isMissing(collector);

    it.skipIf(isSkipped).each(appsOf(runtime))(
      `$app: every request is counted, once, by its route${noteOf(collector)}`,
      (example) => {
        const name = runName(collector, runtime, example.app);
        const { line, statuses } = endedRun(name);
        const points = arrived[collector].latest(name);
        expectResource(points, example.app, runtime);
        expect(durations(points, 'http.server.request.duration')).toEqual(servedBy(example));
        expect(durations(points, 'http.client.request.duration')).toEqual(madeBy(example, line));
        expect(operationsIn(points)).toEqual(sorted(example.operations ?? []));
        // Rows of MASTER_PERF are of these operations, and of nothing else.
        const rows = (example.operations ?? []).map(([operation]) => `op.${operation}`);
        for (const { metric, attributes } of points) if (metric === 'perf.metric') expect(rows).toContain(attributes['perf.id']);
        // None is running any more.
        for (const { metric, value } of points) if (metric === 'op.active') expect(value).toBe(0);
        expect(statuses).toHaveLength(example.asks.length);
      },
    );

    it.skipIf(isSkipped).each(appsOf(runtime))(
      `$app: the runtime and the process are measured, and nothing is zero that is not${noteOf(collector)}`,
      ({ app }) => {
        const points = arrived[collector].latest(runName(collector, runtime, app));
        const expected = [...PROCESS_METRICS, ...EVENT_LOOP_DELAYS, ...(onNode ? V8_METRICS : [])];
        for (const each of expected) expectMeasured(points, each);
        // These are there where the kernel, or a collection of garbage, gave a reason. Nothing else is.
        const others = new Set(['process.unix.file_descriptor.count', ...(onNode ? ['v8js.gc.duration'] : [])]);
        const known = new Set([...expected.map(({ metric }) => metric), ...others]);
        const named = points
          .map(({ metric }) => metric)
          .filter((metric) => !/^http\.|^op\.|^perf\.metric$|^otel\.sdk\.|^periscope\.agent\./.test(metric));
        expect(named.filter((metric) => !known.has(metric))).toEqual([]);
        for (const { metric, unit, value, tree } of points.filter((point) => others.has(point.metric)))
          expect([unit, (value || Number(tree['count'])) > 0]).toEqual([
            metric === 'v8js.gc.duration' ? 's' : '{file_descriptor}',
            true,
          ]);
      },
    );

    it.skipIf(isSkipped)(`${CLI}: what it counted has come, though it ended at once${noteOf(collector)}`, () => {
      const name = cliRun(collector, runtime);
      expect(endedRun(name).line).toBe('5');
      const points = arrived[collector].latest(name);
      expectResource(points, CLI, runtime);
      const [words, ...more] = points.filter(({ metric }) => metric === 'words.counted');
      expect(more).toEqual([]);
      const { meter, unit, type, monotonic, temporality, attributes, value } = words!;
      expect({ meter, unit, type, monotonic, temporality, attributes, value }).toEqual({
        meter: 'words',
        unit: '{word}',
        type: 'sum',
        monotonic: true,
        temporality: 2,
        attributes: {},
        value: 5,
      });
      for (const each of PROCESS_METRICS) expectMeasured(points, each);
    });
  });

  it.skipIf(missing || otelcol.missing).each([...appsOf(runtime).map(({ app }) => app), CLI])(
    `%s: otelcol behind Periscope has the same points, to the last bit${otelcol.note}`,
    (app) => {
      const name = app === CLI ? cliRun('Periscope', runtime) : runName('Periscope', runtime, app);
      const [here, behind] = COLLECTORS.map((collector) => arrived[collector].fingerprints(name)) as [string[], string[]];
      expect(here.length).toBeGreaterThan(0);
      expect(difference(behind, here)).toEqual(NO_DIFFERENCE);
    },
  );
});

it('the README of the examples has a row of each, and its commands name what is there', async () => {
  const readme = await readFile(join(EXAMPLES, 'README.md'), 'utf8');
  const named = [...readme.matchAll(/agent\/instrument\/examples\/([\w-]+)\/app\.js/g)].map(([, app]) => app);
  const folders = (await readdir(EXAMPLES, { withFileTypes: true })).filter((entry) => entry.isDirectory());
  expect(new Set(named)).toEqual(new Set(folders.map(({ name }) => name)));
  expect(new Set(named)).toEqual(new Set([...EXAMPLE_SERVERS.map(({ app }) => app), CLI]));
  for (const app of named) expect(existsSync(join(EXAMPLES, app!, 'app.js')), app).toBe(true);
});
