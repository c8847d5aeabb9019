import { encodeResource } from '../../agent/instrument/encode/attributes.ts';
import { CellReader } from '../../agent/instrument/encode/reader.ts';
import { AgentMeterProvider } from '../../agent/instrument/metrics/provider.ts';
import { nowMs, OPERATIONS_METER, operationViews } from '../../agent/instrument/track/operations.ts';
import { startTracking } from '../../agent/instrument/track/track.ts';
import { UNTRACKED } from '../../agent/instrument/track/untracked.ts';
import type { KernelCase } from './cases.ts';

/** Calls of one run: its time in us is that of one call in ns. What tracking adds is the difference to `untracked`. */
const CALLS = 1000;

/** What an operation costs beside the same function called as it is. */
export function* trackCases(): Generator<KernelCase> {
  const sink = new CellReader({ resource: encodeResource({ 'service.name': 'bench' }), temporality: 'cumulative' });
  const provider = new AgentMeterProvider({ sink, views: operationViews(), onFault: () => undefined });
  const tracking = startTracking(provider.getMeter(OPERATIONS_METER), { carriesScopes: false });
  yield named('two readings of the clock', () => repeat(() => nowMs() - nowMs()));
  for (const [title, { tracked, track, scope }] of [
    ['untracked', UNTRACKED],
    ['tracked', tracking],
  ] as const) {
    const sync = tracked('sync', (number: number) => number + 1);
    const object = tracked('object', (number: number) => ({ number }));
    const asynchronous = tracked('async', async (number: number) => number + 1);
    const promising = tracked('promise', (number: number) => Promise.resolve(number + 1));
    const tagged = tracked('tags', (number: number) => number + 1, { tags: (number) => ({ even: number % 2 === 0 }) });
    yield named(`sync function, ${title}`, () => repeat(sync));
    yield named(`function that returns an object, ${title}`, () => repeat(object));
    yield named(`function with tags, ${title}`, () => repeat(tagged));
    yield named(`function in a scope, ${title}`, () => scope({ tenant: 'acme' }, () => repeat(sync)));
    yield named(`track, ${title}`, () => repeat((number) => track('one-off', () => number + 1)));
    yield named(`async function, ${title}`, () => repeatAwaited(asynchronous));
    yield named(`function that returns a promise, ${title}`, () => repeatAwaited(promising));
  }
}

function repeat(fn: (number: number) => unknown): unknown {
  let last: unknown;
  for (let i = 0; i < CALLS; i++) last = fn(i);
  return last;
}

async function repeatAwaited(fn: (number: number) => Promise<number>): Promise<number> {
  let sum = 0;
  for (let i = 0; i < CALLS; i++) sum += await fn(i);
  return sum;
}

function named(name: string, run: () => unknown): KernelCase {
  return { name, bytes: 0, items: CALLS, inputs: 1, run };
}
