import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { config } from '../../../exporters/windows/config.ts';
import { windowsExporter } from '../../../exporters/windows/index.ts';
import { create } from '../../../exporters/windows/windows.ts';
import { systemClock } from '../../../pipeline/clock.ts';
import type { Context } from '../../../pipeline/component.ts';
import { quietContext } from '../../support/contexts.ts';
import { logsOf, runningAnalytics, type RunningAnalytics } from '../../support/running-analytics.ts';
import { temporaryFolders } from '../../support/temporary.ts';

const folder = temporaryFolders();
const analytics = runningAnalytics();
const never = new AbortController().signal;

function contextWith({ client }: RunningAnalytics, directory = '/nonexistent'): Context {
  return { ...quietContext(systemClock), host: { analytics: client, storage: { directory } } as unknown as Context['host'] };
}

describe('the exporter windows', () => {
  it('has bounds by default, and drops what does not fit into its queue', () => {
    expect(config.parse(undefined)).toMatchObject({
      max_age: 3_600_000,
      max_rows: 5_000_000,
      max_scopes: 128,
      sending_queue: { on_full: 'drop', num_consumers: 200 },
    });
    expect(() => config.parse({ max_rows: 0 })).toThrow();
    expect(() => config.parse({ memory: '1MiB' })).toThrow();
    expect(config.parse({ max_age: '5m', memory: '2GiB' })).toMatchObject({ max_age: 300_000, memory: 2 * 1024 ** 3 });
  });

  it('opens the process, hands over what it is sent, counts what windows hold, and lets go of it', async () => {
    const running = analytics();
    expect(await windowsExporter.load?.()).toMatchObject({ create });
    const exporter = create(config.parse({ max_scopes: 1 }), contextWith(running));
    await exporter.stop(1000);
    await exporter.start();
    await exporter.start();
    expect(await exporter.send(logsOf('A', 'one', 'two'), never)).toEqual({ ok: true });
    expect(await running.ask('A', 'SELECT count(*) FROM otel_logs')).toEqual([[2]]);
    expect(await exporter.send(logsOf('B', 'one too many'), never)).toMatchObject({
      ok: false,
      code: 'TOO_MANY_SCOPES',
      message: 'cannot open windows for one more scope: 1 have some',
    });
    expect(exporter.stats?.()).toMatchObject({ rows: 2, rowsLost: 0, restarts: 0, scopes: 1 });
    await exporter.stop(5000);
    await exporter.stop(5000);
    expect(running.client.status().state).toBe('stopped');
  });

  it('keeps windows on the disk when it is told to, in a folder for its owner only', async () => {
    const running = analytics();
    const directory = join(folder(), 'state');
    const onDisk = config.parse({ on_disk: true });
    for (const expected of [[[1]], [[2]]]) {
      const exporter = create(onDisk, contextWith(running, directory));
      await exporter.start();
      await exporter.send(logsOf('A', 'one'), never);
      expect(await running.ask('A', 'SELECT count(*) FROM otel_logs')).toEqual(expected);
      await exporter.stop(5000);
    }
    for (const path of [directory, join(directory, 'windows')]) expect(statSync(path).mode & 0o777).toBe(0o700);
  });

  it('says why it cannot keep them there', async () => {
    const file = join(folder(), 'file');
    writeFileSync(file, '');
    const exporter = create(config.parse({ on_disk: true }), contextWith(analytics(), file));
    await expect(exporter.start()).rejects.toThrow(/^cannot keep windows on the disk: E/);
    await exporter.stop(1000);
  });
});
