import type { Disk } from './disk.ts';
import type { Draft } from './record.ts';
import { segmentName, segmentPath, segmentsIn } from './segment.ts';

export interface Retention {
  readonly max_segment_size: number;
  /** 0 = no bound. */
  readonly max_days: number;
  readonly max_total_size: number;
}

const DAY_MS = 86_400_000;

/** Which segments before `current` are to go, oldest first without a gap, and the record that says so before they do. */
export async function expired(
  folder: string,
  disk: Disk,
  current: number,
  nowMs: number,
  { max_days, max_total_size, max_segment_size }: Retention,
): Promise<{ readonly through: number; readonly draft: Draft } | undefined> {
  const closed = (await segmentsIn(folder)).filter((segment) => segment < current);
  const stats = await Promise.all(closed.map((segment) => disk.stat(segmentPath(folder, segment))));
  // The segment that begins now will grow to its bound.
  let totalBytes = max_segment_size;
  for (const { size } of stats) totalBytes += size;
  let through: number | undefined;
  let reason = '';
  let bytes = 0;
  for (const [at, { size, mtimeMs }] of stats.entries()) {
    const isOld = max_days > 0 && nowMs - mtimeMs > max_days * DAY_MS;
    const isOver = max_total_size > 0 && totalBytes > max_total_size;
    if (!isOld && !isOver) break;
    through = closed[at];
    reason = isOld ? 'max_days' : 'max_total_size';
    bytes += size;
    totalBytes -= size;
  }
  if (through === undefined) return undefined;
  const details = { through: segmentName(through), through_segment: through, bytes, reason };
  return { through, draft: { type: 'LOG', severity: 'WARN', action: 'deleted', result: 'SUCCESS', atMs: nowMs, details } };
}
