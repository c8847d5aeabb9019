import { chmod, mkdir, mkdtemp, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createHost } from '../../../agent/collector/host.ts';
import { auditFolder, create } from '../../../extensions/audit/audit.ts';
import { audit } from '../../../extensions/audit/index.ts';
import { loadSigner } from '../../../extensions/audit/checkpoint.ts';
import { config } from '../../../extensions/audit/config.ts';
import { isWritten, lockFolder } from '../../../extensions/audit/lock.ts';
import { LOCK } from '../../../extensions/audit/segment.ts';
import type { Extension } from '../../../pipeline/component.ts';
import { recordsIn, change } from '../../support/audit-logs.ts';
import { quietContext } from '../../support/contexts.ts';

let storage: string;
beforeEach(async () => {
  storage = join(await mkdtemp(join(tmpdir(), 'periscope-audit-')), 'state');
});
afterEach(() => rm(join(storage, '..'), { recursive: true, force: true }));

const folder = (): string => auditFolder({ directory: undefined }, storage);

function extensionOf(host = createHost(storage), options: Record<string, unknown> = {}): Extension {
  return create(config.parse(options), { ...quietContext(), host });
}

describe('the extension', () => {
  test('keeps what is recorded while it runs, in folders that only their owner may enter', async () => {
    const host = createHost(storage);
    const extension = extensionOf(host);
    expect(host.audit.active).toBe(false);
    await extension.start();
    expect([host.audit.active, extension.status?.()]).toEqual([true, { state: 'ok' }]);
    host.audit.record(change(1));
    await extension.stop(1000);
    expect(host.audit.active).toBe(false);
    expect((await recordsIn(folder())).map(({ action }) => action)).toEqual(['segment_opened', 'started', 'reloaded', 'stopped']);
    if (process.platform !== 'win32') {
      for (const path of [storage, folder()]) expect((await stat(path)).mode & 0o777).toBe(0o700);
      expect((await stat(join(storage, 'audit-key.pem'))).mode & 0o777).toBe(0o600);
    }
  });

  test('its README explains each of its counters, and no other', async () => {
    const extension = extensionOf();
    await extension.start();
    const names = Object.keys(extension.stats?.() ?? {});
    await extension.stop(1000);
    const readme = await readFile(new URL('../../../extensions/audit/README.md', import.meta.url), 'utf8');
    const rows = readme.split('| counter | what |')[1]!.split('\n\n')[0]!;
    expect([...rows.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name).toSorted()).toEqual(names.toSorted());
  });

  test('writes where directory says, and its key where the state lives', async () => {
    const directory = join(storage, '..', 'elsewhere');
    const extension = extensionOf(createHost(storage), { directory });
    await extension.start();
    await extension.stop(1000);
    expect(await recordsIn(directory)).toHaveLength(3);
    expect(await readFile(join(storage, 'audit-public-key.pem'), 'utf8')).toContain('PUBLIC KEY');
  });

  test('a reload starts the new one before the old one stops: one log, no gap, no second writer', async () => {
    const host = createHost(storage);
    const [old, next] = [extensionOf(host), extensionOf(host, { batch_size: 1 })];
    await old.start();
    host.audit.record(change(1));
    await next.start();
    host.audit.record(change(2));
    await old.stop(1000);
    expect(host.audit.active).toBe(true);
    host.audit.record(change(3));
    await next.stop(1000);
    const records = await recordsIn(folder());
    expect(records.map(({ action, details }) => details?.['n'] ?? action)).toEqual([
      'segment_opened',
      'started',
      1,
      2,
      3,
      'stopped',
    ]);
  });

  test('one that starts while the last one stops waits for it', async () => {
    const first = extensionOf();
    await first.start();
    const stopping = first.stop(1000);
    const second = extensionOf();
    await second.start();
    await stopping;
    await second.stop(1000);
    expect((await recordsIn(folder())).map(({ action }) => action)).toEqual([
      'segment_opened',
      'started',
      'stopped',
      'started',
      'stopped',
    ]);
  });

  test('a folder that cannot be made stops the start in words', async () => {
    await mkdir(storage, { recursive: true });
    await writeFile(folder(), '');
    await expect(extensionOf().start()).rejects.toThrow(/^cannot open the audit log in .*: EEXIST/);
  });
});

describe('the key', () => {
  test('is made once, and stays', async () => {
    await mkdir(storage);
    const { key } = await loadSigner(storage, true);
    expect((await loadSigner(storage, true)).key).toBe(key);
    expect(key).toMatch(/^sha256:[0-9a-f]{64}$/);
  });

  test('that is gone while its log is there stops the start: a new one could not vouch for the old records', async () => {
    const extension = extensionOf();
    await extension.start();
    await extension.stop(1000);
    await rename(join(storage, 'audit-key.pem'), join(storage, 'away'));
    await expect(extensionOf().start()).rejects.toThrow(
      /its key .*audit-key.pem is gone; restore it, or move the log's folder away/,
    );
    await rename(join(storage, 'away'), join(storage, 'audit-key.pem'));
    const again = extensionOf();
    await again.start();
    await again.stop(1000);
  });

  test.skipIf(process.platform === 'win32')('that others may read, or that is a link, or no key, stops the start', async () => {
    await mkdir(storage);
    const path = join(storage, 'audit-key.pem');
    await loadSigner(storage, true);
    await chmod(path, 0o640);
    await expect(loadSigner(storage, true)).rejects.toThrow(/others may read it; chmod 600 it/);
    await chmod(path, 0o600);
    await rename(path, join(storage, 'real'));
    await symlink(join(storage, 'real'), path);
    await expect(loadSigner(storage, true)).rejects.toThrow(/it is a symbolic link/);
    await rm(path);
    await writeFile(path, 'nonsense', { mode: 0o600 });
    await expect(loadSigner(storage, true)).rejects.toThrow(/^cannot use the audit key/);
  });
});

describe('the lock', () => {
  beforeEach(() => mkdir(storage));

  test('is held until it is given back', async () => {
    expect(await isWritten(storage)).toBe(false);
    const unlock = await lockFolder(storage);
    expect(await isWritten(storage)).toBe(true);
    await unlock();
    expect(await isWritten(storage)).toBe(false);
  });

  test.skipIf(process.platform !== 'linux')(
    'of another process that runs stops the start; of one that is gone, or whose id is another’s now, it does not',
    async () => {
      const of = async (pid: number): Promise<string> => {
        const text = await readFile(`/proc/${pid}/stat`, 'utf8');
        const boot = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
        return `${boot} ${text.slice(text.lastIndexOf(')') + 2).split(' ')[19]}`;
      };
      const parent = process.ppid;
      await writeFile(join(storage, LOCK), JSON.stringify({ pid: parent, started: await of(parent) }));
      await expect(lockFolder(storage)).rejects.toThrow(`process ${parent} writes it`);
      for (const stale of [{ pid: parent, started: 'another boot 1' }, { pid: 2 ** 22 + 1, started: '' }, 'half a line']) {
        await writeFile(join(storage, LOCK), typeof stale === 'string' ? stale : JSON.stringify(stale));
        await (
          await lockFolder(storage)
        )();
      }
    },
  );
});

test('its declaration loads what makes it', async () => {
  expect([audit.kind, audit.type]).toEqual(['extension', 'audit']);
  expect((await audit.load!()).create).toBe(create);
});

test('max_total_size must hold two segments', () => {
  expect(config.safeParse({ max_segment_size: '16MiB', max_total_size: '20MiB' }).error?.issues[0]?.message).toContain(
    'two segments',
  );
  expect(config.parse({ max_total_size: 0 }).max_total_size).toBe(0);
});
