/**
 * How long the event loop stands still for what an agent does beside an application: `stall.js CONTENDER EXPORTS`. The loop turns
 * without pause, and the longest turn in each interval between two exports counts.
 *
 * `start`: of the first two intervals, in which the agent starts what exports and makes what only an export reads. `first`: of the interval
 * after 10,000 series were made, whose export tells of them for the first time. `value`: the median of those that follow.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Meter } from '@opentelemetry/api';
import { loadAgent } from './contender.ts';

const INSTRUMENTS = 10;
const SERIES = 1000;
const INTERVAL_MS = Number(process.env['OTEL_METRIC_EXPORT_INTERVAL']);
/** Intervals before the series come, the start in them. */
const BEFORE = 3;

async function meterOf(contender: string): Promise<Meter | undefined> {
  if (contender === 'bare') return undefined;
  if (contender === 'sdk-metrics') return (await import('./sdk.ts')).provider.getMeter('bench');
  return (await loadAgent()).engine!.getMeter('bench');
}

function makeSeries(meter: Meter): void {
  for (let instrument = 0; instrument < INSTRUMENTS; instrument++) {
    const counter = meter.createCounter(`bench.requests.${instrument}`);
    for (let i = 0; i < SERIES; i++)
      counter.add(1, { method: 'GET', route: `/api/v1/things/${i}/:id`, status: 200 + (i % 4), shard: i % 10 });
  }
}

/** Of what was made until now: that is the price of making it, and of no export. */
function collectGarbage(): void {
  const { Bun: bun } = globalThis as { Bun?: { gc(now: boolean): void } };
  if (bun !== undefined) return bun.gc(true);
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}

/** Turns the loop through so many intervals; the longest turn in each, in ms. A turn may last longer than an interval, in which
 *  none ends, then. */
function turns(intervals: number): Promise<readonly number[]> {
  const longest = Array.from({ length: intervals }, () => 0);
  const beganMs = performance.now();
  let lastMs = beganMs;
  return new Promise((resolve) => {
    const turn = (): void => {
      const nowMs = performance.now();
      const interval = Math.min(intervals - 1, Math.floor((lastMs - beganMs) / INTERVAL_MS));
      longest[interval] = Math.max(longest[interval]!, nowMs - lastMs);
      lastMs = nowMs;
      if (nowMs - beganMs < intervals * INTERVAL_MS) setImmediate(turn);
      else resolve(longest);
    };
    setImmediate(turn);
  });
}

const [contender, exports] = process.argv.slice(2);
const meter = await meterOf(contender ?? '');
const before = await turns(BEFORE);
if (meter !== undefined) makeSeries(meter);
collectGarbage();
const [first, ...steady] = await turns(Number(exports));
const sorted = steady.toSorted((a, b) => a - b);
console.log(JSON.stringify({ value: sorted[sorted.length >> 1], first, start: Math.max(...before.slice(0, 2)) }));
process.exit();
