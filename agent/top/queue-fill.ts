import type { QueueShare } from '../../pipeline/stats.ts';
import { bytes, shortNumber } from '../../server/dashboard/model/format.ts';

/** How far one scope has filled what it may fill of a queue, by the bound that is nearest. */
export interface QueueFill {
  /** 1 = full; more where an empty queue took one request that is larger than itself. */
  readonly part: number;
  /** `12% of 1M`, `<1% of 1k req`, `100% of 32 MiB`. */
  readonly text: string;
}

export function queueFill({ sizer, size, capacity, bytes: held, bytesMax, share }: QueueShare): QueueFill {
  const parts = [
    { part: size / (capacity * share), of: OF[sizer](capacity * share) },
    { part: held / (bytesMax * share), of: bytes(bytesMax * share) },
  ] as const;
  const { part, of } = parts[1].part > parts[0].part ? parts[1] : parts[0];
  return { part, text: `${percent(part)} of ${of}` };
}

const OF: Readonly<Record<QueueShare['sizer'], (capacity: number) => string>> = {
  items: shortNumber,
  bytes,
  requests: (capacity) => `${shortNumber(capacity)} req`,
};

/** Nothing is 0 % but nothing, and nothing 100 % that is less. */
const percent = (part: number): string => (part > 0 && part < 0.01 ? '<1%' : `${Math.floor(part * 100)}%`);
