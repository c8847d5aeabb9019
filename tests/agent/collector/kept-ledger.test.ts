import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { KeptLedger } from '../../../agent/collector/kept-ledger.ts';
import { createLog } from '../../../agent/collector/log.ts';
import { systemClock } from '../../../pipeline/clock.ts';
import { Ledger } from '../../../pipeline/ledger.ts';
import { LIMITS } from '../../../pipeline/limits.ts';
import { until } from '../../support/http-bench.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { temporaryFolders } from '../../support/temporary.ts';

const folderOf = temporaryFolders();

async function open(directory: string, clock: ManualClock | typeof systemClock = systemClock) {
  const lines: string[] = [];
  const ledger = new Ledger();
  const kept = await KeptLedger.open(ledger, { directory, known: [], clock, log: createLog((line) => void lines.push(line)) });
  return { kept, ledger, lines };
}

/** Five items come in for a destination that takes three; two are in flight. */
function send(ledger: Ledger): void {
  const received = ledger.receiver('otlp').of('logs', 'global');
  received.received += 5;
  received.accepted += 5;
  const row = ledger.exporter('debug', () => 0).of('logs', 'global');
  row.admitted += 5;
  row.exported += 3;
  row.waiting += 2;
}
/** A file system of 64 KiB, where this user may mount one. */
function mountTiny(): string | undefined {
  const folder = folderOf();
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder], { stdio: 'ignore' });
  } catch {
    return undefined;
  }
  return folder;
}
const pathOf = (directory: string): string => join(directory, 'ledger', 'state.json');
const stateOf = (directory: string) => JSON.parse(readFileSync(pathOf(directory), 'utf8')) as { clean: boolean };

describe('a kept ledger', () => {
  it('goes on after a clean end, in a file of its owner only', async () => {
    const directory = join(folderOf(), 'state');
    const first = await open(directory);
    expect(stateOf(directory).clean).toBe(false);
    send(first.ledger);
    const row = first.ledger.exporter('debug', () => 0).of('logs', 'global');
    row.waiting -= 2;
    row.exported += 2;
    await first.kept?.close();
    await first.kept?.close();
    expect(stateOf(directory).clean).toBe(true);
    if (process.platform !== 'win32') expect(statSync(pathOf(directory)).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(directory, 'ledger'))).toEqual(['state.json']);
    const second = await open(directory);
    expect(second.ledger.snapshot()).toEqual(first.ledger.snapshot());
    expect([...first.lines, ...second.lines]).toEqual([]);
    await second.kept?.close();
  });

  it('is written in passing, and what was in flight then is dropped(crash) after a crash', async () => {
    const directory = folderOf();
    const clock = new ManualClock();
    const first = await open(directory, clock);
    send(first.ledger);
    await clock.advance(LIMITS.ledgerWriteIntervalMs);
    await until(() => readFileSync(pathOf(directory), 'utf8').includes('"inFlight":2'));
    // The process is gone: nobody gives the lock back.
    rmSync(join(directory, 'ledger', 'lock'));
    const second = await open(directory);
    expect(second.ledger.snapshot().exporters).toMatchObject([{ routed: 5, exported: 3, inFlight: 0, dropped: { crash: 2 } }]);
    expect(second.lines.join()).toContain('2 items that were in flight');
    await second.kept?.close();
    await first.kept?.close();
    expect(first.lines.join()).toContain('another process has taken the folder');
    expect((await open(directory)).ledger.snapshot()).toEqual(second.ledger.snapshot());
  });

  it('a second one keeps its hands off', async () => {
    const directory = folderOf();
    const first = await open(directory);
    const second = await open(directory);
    expect([second.kept, second.lines.length]).toEqual([undefined, 1]);
    expect(second.lines[0]).toContain(`process ${process.pid} keeps its own there`);
    await first.kept?.close();
  });

  it.each([
    ['damaged', '{"format":"periscope-ledger/1","cle'],
    ['of another version', '{"format":"periscope-ledger/99"}'],
  ])('a file that is %s is moved aside with one line, and counting begins at 0', async (_, text) => {
    const directory = folderOf();
    mkdirSync(join(directory, 'ledger'));
    writeFileSync(pathOf(directory), text);
    const { kept, ledger, lines } = await open(directory);
    expect(lines).toHaveLength(1);
    expect(ledger.snapshot().receivers).toEqual([]);
    expect(readFileSync(join(directory, 'ledger', 'state.unreadable.json'), 'utf8')).toBe(text);
    expect(stateOf(directory).clean).toBe(false);
    await kept?.close();
  });

  it('a place that cannot be written is told, and nothing is kept', async () => {
    const directory = join(folderOf(), 'file');
    writeFileSync(directory, '');
    const { kept, lines } = await open(directory);
    expect([kept, lines.length]).toEqual([undefined, 1]);
    expect(lines[0]).toContain('cannot keep the ledger');
  });

  it('a write that fails is told and tried again; what was written before stays whole', async () => {
    const directory = folderOf();
    const { kept, ledger, lines } = await open(directory);
    const before = readFileSync(pathOf(directory), 'utf8');
    // A folder in the way of the draft: as good as a full disk, for root too.
    mkdirSync(join(directory, 'ledger', 'state.json.tmp'));
    send(ledger);
    await kept?.close();
    expect(lines.join()).toContain('it is tried again');
    expect(readFileSync(pathOf(directory), 'utf8')).toBe(before);
  });

  it('on a full disk keeps what was written before, whole, and goes on when there is room', async ({ skip }) => {
    const directory = mountTiny();
    if (directory === undefined) return skip('needs the right to mount a tmpfs');
    try {
      const clock = new ManualClock();
      const { kept, ledger, lines } = await open(directory, clock);
      const before = readFileSync(pathOf(directory), 'utf8');
      const filler = join(directory, 'filler');
      expect(() => {
        for (;;) appendFileSync(filler, Buffer.alloc(4096));
      }).toThrow('ENOSPC');
      send(ledger);
      await clock.advance(LIMITS.ledgerWriteIntervalMs);
      await until(() => lines.length > 0);
      expect(lines[0]).toMatch(/cannot keep the ledger in .*ENOSPC.*it is tried again/);
      expect(readFileSync(pathOf(directory), 'utf8')).toBe(before);
      rmSync(filler);
      await clock.advance(LIMITS.ledgerWriteIntervalMs);
      await until(() => readFileSync(pathOf(directory), 'utf8').includes('"received":5'));
      await kept?.close();
      expect(readdirSync(join(directory, 'ledger'))).toEqual(['state.json']);
    } finally {
      execFileSync('umount', ['-l', directory]);
    }
    return undefined;
  });

  it.skipIf(process.platform === 'win32')('does not read through a link that somebody laid', async () => {
    const directory = folderOf();
    mkdirSync(join(directory, 'ledger'));
    writeFileSync(join(directory, 'elsewhere'), 'secret');
    symlinkSync(join(directory, 'elsewhere'), pathOf(directory));
    const { kept, lines } = await open(directory);
    expect([kept, lines.length]).toEqual([undefined, 1]);
    expect(existsSync(join(directory, 'ledger', 'lock'))).toBe(false);
  });
});
