import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import type { Outcome } from '../../../pipeline/component.ts';
import { windowFile } from '../../../analytics/window-files.ts';
import { logsOf, runningAnalytics } from '../../support/running-analytics.ts';
import { CAN_MOUNT, SmallDisk } from '../../support/small-disk.ts';
import { temporaryFolders } from '../../support/temporary.ts';

const folder = temporaryFolders();
const disks: SmallDisk[] = [];
afterAll(() => disks.forEach((disk) => disk.close()));
const analytics = runningAnalytics();
const never = new AbortController().signal;
const BODIES = 'SELECT Body FROM otel_logs ORDER BY Timestamp';

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(10);
}

describe('windows on a disk', () => {
  it('are there again after a restart, each scope with its own', async () => {
    const directory = folder();
    const { client, open, ask } = analytics();
    const first = await open({ directory });
    await client.append(logsOf('A', 'of A'), never);
    await client.append(logsOf('B', 'of B'), never);
    await first.release(5000);
    const second = await open({ directory });
    expect([await ask('A', BODIES), await ask('B', BODIES), await ask('C', BODIES)]).toEqual([[['of A']], [['of B']], []]);
    await client.append(logsOf('A', 'and more'), never);
    expect(await ask('A', BODIES)).toEqual([['of A'], ['and more']]);
    await second.release(5000);
    await open();
    expect(await ask('A', BODIES)).toEqual([]);
  });

  it('hold all that was acknowledged when their process is killed, and count nothing as lost', async () => {
    const { client, open, ask, lines } = analytics();
    await open({ directory: folder() });
    for (const text of ['one', 'two', 'three']) expect(await client.append(logsOf('A', text), never)).toEqual({ ok: true });
    process.kill(client.status().pid!, 'SIGKILL');
    await until(() => client.status().restarts === 1 && client.status().state === 'running');
    expect(await ask('A', BODIES)).toEqual([['one'], ['two'], ['three']]);
    expect(await client.append(logsOf('A', 'four'), never)).toEqual({ ok: true });
    expect(client.status().scopes).toMatchObject([{ scope: 'A', rows: 4, rowsLost: 0 }]);
    expect(lines.map(({ message }) => message)).toEqual([
      'the analytics process has ended (SIGKILL) and is started again: its windows are on the disk',
      'the analytics process runs again, with the windows on the disk',
    ]);
  });

  it.skipIf(!CAN_MOUNT)(
    `say that their disk is full, and go on when it has room again${CAN_MOUNT ? '' : ' (skipped: cannot mount one)'}`,
    async () => {
      const disk = new SmallDisk(16);
      disks.push(disk);
      const { client, open, ask } = analytics();
      await open({ directory: disk.path });
      const sent = (n: number): Promise<Outcome> =>
        client.append(logsOf('A', `${n} ${randomBytes(256 * 1024).toString('hex')}`), never);
      const acknowledged: string[] = [];
      let n = 0;
      let outcome: Outcome;
      while ((outcome = await sent(n)).ok) acknowledged.push(String(n++));
      expect(outcome).toMatchObject({
        code: 'STORAGE_FULL',
        retryable: true,
        message: expect.stringMatching(/^cannot (load|open) .*(No space|ENOSPC)/),
      });
      expect(acknowledged.length).toBeGreaterThan(5);
      expect(await sent(n)).toMatchObject({ ok: false, retryable: true });
      disk.resize(256);
      while (!(await sent(n)).ok) await sleep(50);
      const rows = (await ask('A', "SELECT split_part(Body, ' ', 1) FROM otel_logs")) as string[][];
      expect(rows.map(([name]) => name).toSorted()).toEqual([...acknowledged, String(n)].toSorted());
    },
  );

  it('hold all that was acknowledged when their process is killed in the middle of loads, each time', async () => {
    const { client, open, ask } = analytics();
    await open({ directory: folder() });
    await ask('A', 'SELECT 1');
    const acknowledged = new Set<string>();
    const sent = new Set<string>();
    let kills = 0;
    let sends = true;
    const sender = async (name: number): Promise<void> => {
      for (let n = 0; sends; n++) {
        const text = `${name}:${n}`;
        sent.add(text);
        const outcome = await client.append(logsOf('A', text), never);
        if (outcome.ok) acknowledged.add(text);
        else await sleep(20);
      }
    };
    const senders = Array.from({ length: 8 }, (_, name) => sender(name));
    for (; kills < 3; kills++) {
      const before = acknowledged.size;
      await until(() => acknowledged.size >= before + 50);
      process.kill(client.status().pid!, 'SIGKILL');
      await until(() => client.status().restarts === kills + 1 && client.status().state === 'running');
    }
    sends = false;
    await Promise.all(senders);
    const rows = (await ask('A', 'SELECT Body FROM otel_logs', { maxRows: 100_000 })) as [string][];
    const held = rows.map(([text]) => text);
    expect([...acknowledged].filter((text) => !held.includes(text))).toEqual([]);
    // What had no time to say so may be there, too; nothing twice, and nothing that nobody sent.
    expect(new Set(held).size).toBe(held.length);
    expect(held.filter((text) => !sent.has(text))).toEqual([]);
  }, 60_000);

  it('begin anew beside a file that cannot be read, and say so', async () => {
    const directory = folder();
    const file = windowFile(directory, 'A');
    writeFileSync(file, Buffer.alloc(8192, 'no database'));
    const { client, open, ask, lines } = analytics();
    await open({ directory });
    expect(await client.append(logsOf('A', 'new'), never)).toEqual({ ok: true });
    expect(await ask('A', BODIES)).toEqual([['new']]);
    expect(readFileSync(`${file}.broken`, 'latin1')).toContain('no database');
    expect(lines).toMatchObject([{ level: 'warn', fields: { scope: 'A', rowsLost: 0 } }]);
    expect(lines[0]!.message).toContain('stands aside');
  });

  it('are never those of another scope, though their file took its name', async () => {
    const directory = folder();
    const { client, open, ask } = analytics();
    const use = await open({ directory });
    await client.append(logsOf('A', 'of A'), never);
    await use.release(5000);
    writeFileSync(windowFile(directory, 'B'), readFileSync(windowFile(directory, 'A')));
    await open({ directory });
    expect(await ask('B', BODIES)).toBe('INTERNAL');
    expect(await ask('A', BODIES)).toEqual([['of A']]);
  });

  it('are removed when they are too old and nobody asks for them', async () => {
    const directory = folder();
    const file = windowFile(directory, 'A');
    const { client, open } = analytics();
    const use = await open({ directory });
    await client.append(logsOf('A', 'old'), never);
    await use.release(5000);
    expect(statSync(file).size).toBeGreaterThan(0);
    const hoursAgo = Date.now() / 1000 - 7200;
    utimesSync(file, hoursAgo, hoursAgo);
    await open({ directory });
    await until(() => !existsSync(file));
  });

  it('are for all who use the process, or for nobody', async () => {
    const directory = folder();
    const { client, open, ask } = analytics();
    await open({ directory });
    await open({ directory });
    await client.append(logsOf('A', 'one'), never);
    await expect(open()).rejects.toThrow('cannot change on_disk of windows while they are used');
    expect(await ask('A', BODIES)).toEqual([['one']]);
  });

  it('are so for all before anybody asks, too, and let their process start at once: what is too old goes', async () => {
    const directory = folder();
    const { client, begin } = analytics();
    const inMemory = await begin();
    expect(client.status().state).toBe('stopped');
    await expect(begin({ directory })).rejects.toThrow('cannot change on_disk of windows while they are used');
    await inMemory.release(0);
    await Promise.all([begin({ directory }), begin({ directory })]);
    expect(client.status().state).toBe('starting');
  });
});
