import { openInstance } from '../../analytics/instance.ts';
import { ScopeWindow } from '../../analytics/windows/scope-window.ts';
import { LIMITS } from '../../pipeline/limits.ts';
import { BodySource } from '../load/body-source.ts';
import { METRICS } from './stage.ts';

/** Loads before the dictionaries are warm, and loads that are timed. */
const WARM_LOADS = 60;
const TIMED_LOADS = 60;
const MEMORY_BYTES = 2 ** 30;
const BOUNDS = { maxAgeMs: 3_600_000, maxRows: 5_000_000, maxBytes: 512 * 2 ** 20 };

/** By how many series there are: the number of the body whose turn it is. With 1,000 it is always the same. */
const CASES: readonly (readonly [title: string, bodyOf: (turn: number) => number])[] = [
  ['100,000 series, 1 % new', (turn) => turn],
  ['1,000 series', () => 1],
];

/**
 * CPU that a window takes a point, by itself: no pipe, no main process. What the analytics process does with a request
 * between its frame and its answer, in all threads of this one.
 */
export async function load(): Promise<boolean> {
  for (const [title, bodyOf] of CASES) await time(title, bodyOf);
  return true;
}

async function time(title: string, bodyOf: (turn: number) => number): Promise<void> {
  const open = await openInstance({ memoryBytes: MEMORY_BYTES, threads: 2 });
  const window = await ScopeWindow.create(open.instance);
  const source = new BodySource(METRICS);
  const out = Buffer.allocUnsafeSlow(source.maxBytes);
  const view = new DataView(out.buffer, out.byteOffset, out.length);
  const bodies = Math.ceil(LIMITS.windowFlushRows / source.items);
  let turn = 0;
  let scanned = 0;
  let loaded = 0;
  for (let round = 0; round < WARM_LOADS + TIMED_LOADS; round++) {
    if (round === WARM_LOADS) scanned = loaded = 0;
    for (let i = 0; i < bodies; i++) {
      const body = out.subarray(0, source.write(bodyOf(++turn), out, view, 0));
      const from = process.cpuUsage();
      window.append('metrics', body, Date.now());
      scanned += passedUs(from);
    }
    const from = process.cpuUsage();
    await window.flush();
    await window.trim(Date.now(), BOUNDS);
    loaded += passedUs(from);
  }
  const points = TIMED_LOADS * bodies * source.items;
  const [scan, rest] = [scanned / points, loaded / points];
  console.log(
    `${title.padEnd(24)} ${(scan + rest).toFixed(3)} us a point: scan ${scan.toFixed(3)}, load ${rest.toFixed(3)}; ` +
      `RSS ${(process.memoryUsage().rss / 1e6).toFixed(0)} MB`,
  );
  await window.close();
  open.close();
}

function passedUs(from: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(from);
  return user + system;
}
