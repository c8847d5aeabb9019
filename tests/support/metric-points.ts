import { decode, type Tree, type Value } from './reference/otlp.ts';

export interface DecodedPoint {
  /** Attributes of its resource. */
  readonly resource: Readonly<Record<string, unknown>>;
  readonly meter: string;
  readonly metric: string;
  readonly description: string;
  readonly unit: string;
  /** gauge, sum, histogram, exponentialHistogram. */
  readonly type: string;
  /** 1 delta, 2 cumulative. */
  readonly temporality: number | undefined;
  readonly monotonic: boolean;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly startNs: bigint;
  readonly timeNs: bigint;
  /** Of a number. */
  readonly value: number;
  /** The point as the reference decoder gives it. */
  readonly tree: Tree;
}

const TYPES = ['gauge', 'sum', 'histogram', 'exponentialHistogram'] as const;
const trees = (value: Value | undefined): readonly Tree[] => (value ?? []) as readonly Tree[];

/** Every point of these ExportMetricsServiceRequests, by the reference decoder. */
export function pointsOf(bodies: readonly Uint8Array[]): readonly DecodedPoint[] {
  return bodies.flatMap((body) =>
    trees(decode('metrics', body)['resourceMetrics']).flatMap((group) => {
      const resource = attributesOf((group['resource'] as Tree | undefined)?.['attributes']);
      return trees(group['scopeMetrics']).flatMap((scope) => {
        const meter = String((scope['scope'] as Tree | undefined)?.['name'] ?? '');
        return trees(scope['metrics']).flatMap((metric) => pointsOfMetric({ resource, meter }, metric));
      });
    }),
  );
}

function pointsOfMetric(around: Pick<DecodedPoint, 'resource' | 'meter'>, metric: Tree): readonly DecodedPoint[] {
  const type = TYPES.find((each) => metric[each] !== undefined) ?? '';
  const data = (metric[type] ?? {}) as Tree;
  return trees(data['dataPoints']).map((tree) => ({
    ...around,
    metric: String(metric['name'] ?? ''),
    description: String(metric['description'] ?? ''),
    unit: String(metric['unit'] ?? ''),
    type,
    temporality: data['aggregationTemporality'] as number | undefined,
    monotonic: data['isMonotonic'] === true,
    attributes: attributesOf(tree['attributes']),
    startNs: (tree['startTimeUnixNano'] ?? 0n) as bigint,
    timeNs: (tree['timeUnixNano'] ?? 0n) as bigint,
    value: Number(tree['asInt'] ?? tree['asDouble'] ?? 0),
    tree,
  }));
}

export function attributesOf(list: Value | undefined): Readonly<Record<string, unknown>> {
  return Object.fromEntries(trees(list).map(({ key, value }) => [key, valueOf((value ?? {}) as Tree)]));
}

function valueOf(value: Tree): unknown {
  if (value['arrayValue'] !== undefined) return trees((value['arrayValue'] as Tree)['values']).map(valueOf);
  if (value['intValue'] !== undefined) return Number(value['intValue']);
  return value['stringValue'] ?? value['boolValue'] ?? value['doubleValue'] ?? null;
}

/** Attributes as one text, whatever their order. */
export function textOf(attributes: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(Object.entries(attributes).toSorted(([left], [right]) => (left < right ? -1 : 1)));
}
