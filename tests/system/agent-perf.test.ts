import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PerfRecord } from '../../pipeline/perf/record.ts';
import { AGENT_RUNTIMES } from '../support/agent-runtimes.ts';
import { Collector } from '../support/collector.ts';
import { type Ended, projectIn, runProgram } from '../support/prebuilt-agent.ts';
import { QUERIED_YAML } from '../support/queried-collector.ts';
import { temporaryFolders } from '../support/temporary.ts';

/** MASTER_PERF of an application, as a real Periscope shows it. */
const folders = temporaryFolders();
let collector: Collector;
beforeAll(async () => {
  collector = await Collector.start(QUERIED_YAML);
});
afterAll(() => collector[Symbol.asyncDispose]());

/** Every thing that it adds has the name of the runtime in it. */
const APP = `
  import { perf, track } from '@periscope-otel/agent';
  const name = process.env.RUN;
  const row = { category: 'Isolation', type: 'performance', topic: name, subCat: 'Performance', id: '50 @ 19.6ms',
    value: 'sub-ms deploy', pattern: 'scaling_pattern', locations: ['scale.ts', 'agent.ts'], impact: 'High density',
    properties: { agents: 50 }, time: '2026-11-21T11:00:00.123456789Z' };
  perf.add(row);
  perf.add({ ...row, id: 'state', value: 'STARTING' });
  let thrown = 'nothing';
  try {
    perf.add({ ...row, id: 'theirs', properties: { scope: 'ENTERPRISE' } });
  } catch ({ code }) {
    thrown = code;
  }
  for (let call = 0; call < 4; call += 1) track(name, () => call);
  await track(name, () => new Promise((resolve) => setTimeout(resolve, 20)));
  try {
    track(name, () => { throw new TypeError('no'); });
  } catch {}
  console.log(JSON.stringify({ thrown, rows: perf.metrics(), csv: perf.csv(), text: String(perf) }));
  setInterval(() => undefined, 1000);
  setTimeout(() => perf.add({ ...row, id: 'state', value: 'READY', time: undefined }), 1500);
`;

async function rowsOf(scope: string, topic: string, history = false): Promise<PerfRecord[]> {
  const token = readFileSync(join(collector.folder, 'state/token'), 'utf8').trim();
  const url = `${collector.url('dashboard')}/api/infra/master-perf?history=${history}`;
  const response = await fetch(url, { headers: { authorization: `Bearer ${token}`, 'x-dashboard-scope': scope } });
  if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`);
  const { masterPerf } = (await response.json()) as { masterPerf: PerfRecord[] };
  return masterPerf.filter((row) => row.topic === topic);
}

/** As soon as they are what is waited for, or as they are after ten seconds. */
async function settledRows(topic: string, isSettled: (rows: readonly PerfRecord[]) => boolean): Promise<PerfRecord[]> {
  for (let looks = 100; looks > 0; looks--) {
    const rows = await rowsOf('DEVELOPMENT', topic);
    if (isSettled(rows)) return rows;
    await sleep(100);
  }
  return rowsOf('DEVELOPMENT', topic);
}

const ofThing = (rows: readonly PerfRecord[], id: string): PerfRecord | undefined => rows.find((row) => row.id === id);

/** Each runtime with the agent's own engine, and this one with the official SDK, which is not in every bundle. */
const APPS = [
  ...AGENT_RUNTIMES.map((runtime) => ({ ...runtime, engine: 'own', variant: 'production' as const })),
  { ...AGENT_RUNTIMES[0]!, name: `${AGENT_RUNTIMES[0]!.name} by the SDK`, engine: 'sdk', variant: 'development' as const },
];

describe.each(APPS)('rows of an app on $name $note', ({ name, path, target, preload, missing, engine, variant }) => {
  it.skipIf(missing)('are in MASTER_PERF of its scope within seconds, its operations among them, and follow it', async () => {
    const folder = folders();
    projectIn(folder, { 'app.js': APP.replace('@periscope-otel/agent', './agent/index.js') }, { target, variant });
    let printed = '';
    let app: ChildProcess | undefined;
    const running: Promise<Ended> = runProgram(path, [preload, './agent/index.js', 'app.js'], {
      cwd: folder,
      env: {
        RUN: name,
        AGENT_ENGINE: engine,
        AGENT_SCOPE: 'DEVELOPMENT',
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.url(),
        OTEL_METRIC_EXPORT_INTERVAL: '200',
      },
      printed: (stdout, child) => {
        printed = stdout;
        app = child;
      },
    });
    const rows = await settledRows(name, (found) => ofThing(found, 'state')?.value === 'READY');
    app?.kill('SIGTERM');
    const { stderr } = await running;
    const told = JSON.parse(printed.split('\n')[0]!) as { thrown: string; rows: PerfRecord[]; csv: string; text: string };
    expect(told.thrown, stderr).toBe('SCOPE_VIOLATION');

    const scaling = ofThing(rows, '50 @ 19.6ms');
    expect(scaling).toEqual({
      category: 'Isolation',
      type: 'performance',
      topic: name,
      subCat: 'Performance',
      id: '50 @ 19.6ms',
      value: 'sub-ms deploy',
      pattern: 'scaling_pattern',
      locations: 'scale.ts, agent.ts',
      impact: 'High density',
      properties: { scope: 'DEVELOPMENT', agents: '50' },
      time: '2026-11-21T11:00:00.123456789Z',
    });
    // In the process and at the collector it is the same.
    expect(ofThing(told.rows, '50 @ 19.6ms')).toEqual(scaling);
    expect(told.csv.split('\r\n')[1]).toContain('"scale.ts, agent.ts"');
    expect(told.text).toContain('sub-ms deploy');

    const operation = ofThing(rows, `op.${name}`);
    expect(operation).toMatchObject({
      category: 'Operation',
      subCat: 'Latency',
      pattern: 'time_measurement',
      properties: { scope: 'DEVELOPMENT', calls: '6', failures: '1' },
    });
    expect(Number(operation!.properties['meanMs'])).toBeGreaterThan(2);

    expect(rows.map(({ id }) => id).toSorted()).toEqual(['50 @ 19.6ms', `op.${name}`, 'state']);
    expect(await rowsOf('ENTERPRISE', name)).toEqual([]);
    // One that stands as it was is sent once, however many exports there were.
    const history = (await rowsOf('DEVELOPMENT', name, true)).filter(({ id }) => id === '50 @ 19.6ms');
    expect([1, 2]).toContain(history.length);
  });
});
