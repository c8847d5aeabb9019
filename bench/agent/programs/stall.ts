/**
 * How long the event loop stands still for an export of 10,000 series: `stall.js CONTENDER EXPORTS`. The loop turns without
 * pause; the longest turn around each export counts, the median of them is printed. `first` is that of the export that tells
 * of the series for the first time.
 */
import type { Meter } from '@opentelemetry/api';
import { loadAgent } from './contender.ts';

const INSTRUMENTS = 10;
const SERIES = 1000;
const INTERVAL_MS = Number(process.env['OTEL_METRIC_EXPORT_INTERVAL']);

async function meterOf(contender: string): Promise<Meter | undefined> {
  if (contender === 'bare') return undefined;
  if (contender === 'sdk-metrics') return (await import('./sdk.ts')).provider.getMeter('bench');
  return (await loadAgent()).engine!.getMeter('bench');
}

const [contender, exports] = process.argv.slice(2);
const meter = await meterOf(contender ?? '');
for (let instrument = 0; instrument < INSTRUMENTS && meter !== undefined; instrument++) {
  const counter = meter.createCounter(`bench.requests.${instrument}`);
  for (let i = 0; i < SERIES; i++)
    counter.add(1, { method: 'GET', route: `/api/v1/things/${i}/:id`, status: 200 + (i % 4), shard: i % 10 });
}

/** The longest turn of the loop within each interval, in ms. An export happens once in each. */
const longest: number[] = [];
let lastMs = performance.now();
const beganMs = lastMs;
function turn(): void {
  const nowMs = performance.now();
  const interval = Math.floor((nowMs - beganMs) / INTERVAL_MS);
  longest[interval] = Math.max(longest[interval] ?? 0, nowMs - lastMs);
  lastMs = nowMs;
  if (interval <= Number(exports)) return void setImmediate(turn);
  // The first interval has the start in it, too; the last one is not whole.
  // A turn may last longer than an interval, which then has none.
  const steady = Array.from(longest.slice(2, -1), (turnMs: number | undefined) => turnMs ?? 0).sort((a, b) => a - b);
  console.log(JSON.stringify({ value: steady[steady.length >> 1], first: Math.max(longest[0] ?? 0, longest[1] ?? 0) }));
  process.exit();
}
setImmediate(turn);
