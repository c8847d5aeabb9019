import type { HrTime } from '@opentelemetry/api';
import type { Resource } from '@opentelemetry/resources';
import type { CollectionResult, DataPoint, MetricProducer, ScopeMetrics } from '@opentelemetry/sdk-metrics';
import type { KeptSource } from '../export/series-log.ts';
import type { KeptPoint } from '../metrics/contract.ts';
import { type HeldPoint, HeldPoints } from '../metrics/kept-points.ts';
import type { SdkMetrics } from './views.ts';

/** ValueType.DOUBLE of the API, which is not worth loading it. */
const DOUBLE = 1;
const NANOS = 1_000_000_000n;

/** Points that are told whole, for the official reader, which asks for them when it collects. */
export class KeptProducer implements MetricProducer {
  readonly #sdk: SdkMetrics;
  readonly #resource: Resource;
  readonly #points = new HeldPoints<DataPoint<number>>();
  /** What is on its way. */
  readonly #sent = new WeakMap<ScopeMetrics, readonly HeldPoint<DataPoint<number>>[]>();
  #source: KeptSource | undefined;

  constructor(sdk: SdkMetrics, resource: Resource) {
    this.#sdk = sdk;
    this.#resource = resource;
  }

  attach(source: KeptSource): void {
    this.#source = source;
  }

  collect(): Promise<CollectionResult> {
    return Promise.resolve({ resourceMetrics: { resource: this.#resource, scopeMetrics: this.#due() }, errors: [] });
  }

  /** The reader has delivered these, ours among them or not. */
  arrived(scopes: readonly ScopeMetrics[]): void {
    const arrivedNs = Date.now() * 1e6;
    for (const scope of scopes) for (const held of this.#sent.get(scope) ?? []) held.arrivedNs = arrivedNs;
  }

  #due(): ScopeMetrics[] {
    if (this.#source === undefined) return [];
    const { name, meter, points } = this.#source.take(false);
    for (const { key, point } of points) this.#points.keep(key, point === undefined ? undefined : pointOf(point));
    const due = this.#points.due(Date.now() * 1e6);
    if (due.length === 0) return [];
    const scope: ScopeMetrics = {
      scope: { name: meter },
      metrics: [
        {
          descriptor: { name, description: '', unit: '', valueType: DOUBLE },
          dataPointType: this.#sdk.DataPointType.GAUGE,
          aggregationTemporality: this.#sdk.AggregationTemporality.CUMULATIVE,
          dataPoints: due.map(({ content }) => content),
        },
      ],
    };
    this.#sent.set(scope, due);
    return [scope];
  }
}

function pointOf({ timeNs, value, attributes }: NonNullable<KeptPoint['point']>): DataPoint<number> {
  const time: HrTime = [Number(timeNs / NANOS), Number(timeNs % NANOS)];
  return { startTime: time, endTime: time, value, attributes };
}
