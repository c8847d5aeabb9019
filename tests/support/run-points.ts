import { fingerprints, type Item, itemsOf } from './items.ts';
import { attributesOf, type DecodedPoint, pointsOf, textOf } from './metric-points.ts';
import type { OtlpSink } from './otlp-sink.ts';
import { decode, type Tree } from './reference/otlp.ts';

/** The attribute of a resource that names a run. */
export const RUN = 'example.run';

/** The points that a sink has, by the run that their resource names; each request is decoded once. */
export class RunPoints {
  readonly #sink: OtlpSink;
  readonly #runs = new Map<string, DecodedPoint[]>();
  #items: ReadonlyMap<string, readonly Item[]> | undefined;
  #read = 0;

  constructor(sink: OtlpSink) {
    this.#sink = sink;
  }

  /** All of a run until now. */
  of(run: string): readonly DecodedPoint[] {
    const { requests } = this.#sink;
    for (; this.#read < requests.length; this.#read += 1) {
      const { signal, body } = requests[this.#read]!;
      for (const point of signal === 'metrics' ? pointsOf([body]) : []) {
        const name = String(point.resource[RUN]);
        const points = this.#runs.get(name) ?? [];
        points.push(point);
        this.#runs.set(name, points);
      }
    }
    return this.#runs.get(run) ?? [];
  }

  /** Of each series of a run the last point: for what is cumulative. */
  latest(run: string): readonly DecodedPoint[] {
    const series = new Map<string, DecodedPoint>();
    for (const point of this.of(run).toSorted((left, right) => Number(left.timeNs - right.timeNs)))
      series.set(`${point.meter} ${point.metric} ${textOf(point.attributes)}`, point);
    return [...series.values()];
  }

  /** Every point of a run with all that is around it, as text; to be asked for when nothing more comes. */
  fingerprints(run: string): string[] {
    this.#items ??= itemsByRun(this.#sink.bodies('metrics'));
    return fingerprints(this.#items.get(run) ?? []);
  }
}

function itemsByRun(bodies: readonly Uint8Array[]): ReadonlyMap<string, readonly Item[]> {
  const runs = new Map<string, Item[]>();
  for (const item of bodies.flatMap((body) => itemsOf('metrics', decode('metrics', body)))) {
    const run = String(attributesOf(item.resource['attributes'])[RUN]);
    const items = runs.get(run) ?? [];
    items.push({ ...item, item: withoutEmptyBuckets(item.item) });
    runs.set(run, items);
  }
  return runs;
}

/** otelcol writes a message without a field where an exponential histogram has no such buckets; the two mean the same. */
function withoutEmptyBuckets(point: Tree): Tree {
  const isEmpty = (key: string): boolean =>
    (key === 'positive' || key === 'negative') && Object.keys(point[key] as Tree).length === 0;
  return Object.fromEntries(Object.entries(point).filter(([key]) => !isEmpty(key)));
}
