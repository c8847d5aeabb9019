import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { displayWidth } from '../../agent/terminal/width.ts';
import * as build from '../support/build.ts';
import { Collector, MAIN } from '../support/collector.ts';
import { OtlpSink } from '../support/otlp-sink.ts';
import { peer } from '../support/peers.ts';
import { ROOT } from '../support/tree.ts';

const run = promisify(execFile);
const python = peer('python');

const YAML = `receivers:
  otlp: { protocols: { http: { endpoint: 127.0.0.1:0 } } }
exporters: { live: , windows: }
extensions:
  dashboard: { endpoint: "127.0.0.1:0" }
storage: { directory: $FOLDER/state }
service:
  ack: delivered
  extensions: [dashboard]
  pipelines:
    logs: { receivers: [otlp], exporters: [live, windows] }
    traces: { receivers: [otlp], exporters: [live, windows] }
`;

async function started(): Promise<Collector> {
  const collector = await Collector.start(YAML);
  expect(await sendSeven(collector)).toBe(200);
  return collector;
}
async function sendSeven(collector: Collector): Promise<number> {
  const items = Array.from({ length: 7 }, (_, at) => build.logRecord({}, `record ${at}`));
  const request = build.request('logs', [{ resource: { 'service.name': 'checkout' }, items }]);
  return (await collector.send('/v1/logs', build.encode('logs', request))).status;
}
const topOf = (collector: Collector): string[] => [
  MAIN,
  'top',
  '--config',
  join(collector.folder, 'periscope.yaml'),
  '--url',
  collector.url('dashboard'),
];

/** What the terminal shows after each time that it was drawn from the top. */
function frames(text: string): string[][] {
  return text
    .split('\u001b[H')
    .slice(1)
    .map((frame) =>
      frame
        .split('\u001b[?7h')[0]!
        // eslint-disable-next-line no-control-regex -- what steers the terminal begins with one
        .replace(/\u001b\[[\d;?]*[A-Za-z]/g, '')
        .split('\r\n'),
    );
}

describe('periscope top', () => {
  it('prints once, for a program, what the ledger and the windows say', async () => {
    await using collector = await started();
    const top = () => run(process.execPath, topOf(collector), { env: { ...process.env, FORCE_COLOR: '0' } });
    let { stdout, stderr } = await top();
    // What has come in is among the services a second later.
    while (!stdout.includes('checkout')) ({ stdout, stderr } = await top());
    expect(stderr).toBe('');
    expect(stdout).toMatch(/^ledger {4}✓ balanced {2}received 7 = accepted 7 \+ rejected 0$/m);
    expect(stdout).toMatch(/^windows +\S+ +7 +0 +0% of 1M +0 +0/m);
    expect(stdout).toMatch(/^checkout +0 +0 +7 +0$/m);
    expect(stdout).toMatch(/all is as it was/);
    expect(stdout).toMatch(/nothing but items that come in/);
  });

  it('says how full the queue of a destination that does not answer is, and what that made of the rest', async () => {
    const sink = await OtlpSink.start(() => ({ hang: true }));
    const queue = (bound: string): string => `{ endpoint: '${sink.url}', timeout: 0s, sending_queue: { ${bound} } }`;
    try {
      await using collector = await Collector.start(
        YAML.replace(
          'live: ,',
          `otlp_http/few: ${queue('queue_size: 21, sizer: items, on_full: drop')}, otlp_http/many: ${queue('queue_size: 4, sizer: requests')},`,
        )
          .replace('ack: delivered', 'shutdown_timeout: 1s')
          .replaceAll('[live, windows]', '[otlp_http/few, otlp_http/many]'),
      );
      const statuses: number[] = [];
      for (let n = 0; n < 5; n++) statuses.push(await sendSeven(collector));
      expect(statuses).toEqual([200, 200, 200, 200, 503]);
      const { stdout } = await run(process.execPath, topOf(collector), { env: { ...process.env, FORCE_COLOR: '0' } });
      expect(stdout).toMatch(/received 35 = accepted 28 \+ rejected 7 \(queue_full 7\)/);
      expect(stdout).toMatch(/^otlp_http\/few +0 +21 +100% of 21 +0 +7 +queue_full$/m);
      expect(stdout).toMatch(/^otlp_http\/many +0 +28 +100% of 4 req +0 +0 *$/m);
    } finally {
      await sink.close();
    }
  });

  it.skipIf(python.missing)(
    `draws on a terminal, follows its size, and leaves it as it was${python.note}`,
    { timeout: 40_000 },
    async () => {
      await using collector = await started();
      const script = join(ROOT, 'tests/support/python/terminal.py');
      const { stdout } = await run(python.path, [script, '4', 'q', process.execPath, ...topOf(collector)], {
        env: { ...process.env, TERM: 'xterm-256color', FORCE_COLOR: '2', LANG: 'C.UTF-8', LC_ALL: '' },
      });
      const { code, text, small, restored } = JSON.parse(stdout) as {
        code: number;
        text: string;
        small: number;
        restored: boolean;
      };
      expect([code, restored]).toEqual([0, true]);
      expect(text).toContain('\u001b[?1049h');
      expect(text.trimEnd().endsWith('\u001b[?1049l')).toBe(true);
      const [before, after] = [frames(text.slice(0, small)).at(-1)!, frames(text).at(-1)!];
      expect(before.join('\n')).toMatch(/^checkout +\d* +0 +0 +7 +0$/m);
      for (const line of before) expect(displayWidth(line)).toBeLessThanOrEqual(80);
      expect(before.length).toBeLessThanOrEqual(24);
      expect(displayWidth(after[0]!)).toBe(110);
    },
  );

  it('says that no collector runs', async () => {
    const failed = await run(process.execPath, [MAIN, 'top', '--url', 'http://127.0.0.1:1'], {
      env: { ...process.env, PERISCOPE_TOKEN: 'none' },
    }).catch((error: unknown) => error as { code: number; stdout: string; stderr: string });
    expect(failed).toMatchObject({ code: 1, stdout: '' });
    expect(failed.stderr).toMatch(/^periscope: cannot show the overview: .* does not answer .*; is the collector running\?$/m);
  });
});
