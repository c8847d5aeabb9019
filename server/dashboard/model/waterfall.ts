/** A span as the waterfall draws it; times in nanoseconds after the trace began. */
export interface Span {
  readonly span: string;
  readonly parent: string;
  readonly name: string;
  readonly kind: string;
  readonly service: string;
  readonly time: string;
  readonly offsetNs: number;
  readonly durationNs: number;
  readonly error: boolean;
  readonly message: string;
  readonly instrumentation: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly resource: Readonly<Record<string, string>>;
  readonly events: readonly {
    readonly time: string;
    readonly name: string;
    readonly attributes: Readonly<Record<string, string>>;
  }[];
  readonly links: readonly { readonly trace: string; readonly span: string }[];
}

export interface Bar {
  readonly span: Span;
  readonly depth: number;
  /** Spans below it, all the way down. */
  readonly below: number;
  readonly folded: boolean;
  /** Its parent is named and has not come. */
  readonly orphan: boolean;
}

/**
 * Spans as rows: each below its parent, brothers in the order of their start, without what is folded. A span whose parent
 * is not there (yet) stands at the top; spans that are each other's parents do, too, so that every span stands somewhere
 * once. No recursion: a trace may be thousands deep.
 */
export function waterfall(spans: readonly Span[], folded: ReadonlySet<string>): Bar[] {
  const known = new Map<string, Span>();
  for (const each of spans) if (!known.has(each.span)) known.set(each.span, each);
  const children = new Map<string, Span[]>();
  const tops: Span[] = [];
  for (const each of known.values()) {
    if (each.parent === '' || each.parent === each.span || !known.has(each.parent)) tops.push(each);
    else children.set(each.parent, [...(children.get(each.parent) ?? []), each]);
  }
  const byStart = (left: Span, right: Span): number => left.offsetNs - right.offsetNs || right.durationNs - left.durationNs;
  const order: { readonly span: Span; readonly depth: number }[] = [];
  const placed = new Set<string>();
  const place = (top: Span): void => {
    const waiting = [{ span: top, depth: 0 }];
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const { span, depth } = next;
      if (placed.has(span.span)) continue;
      placed.add(span.span);
      order.push(next);
      // The last one in is the first one out.
      for (const child of (children.get(span.span) ?? []).toSorted(byStart).toReversed())
        waiting.push({ span: child, depth: depth + 1 });
    }
  };
  for (const top of tops.toSorted(byStart)) place(top);
  for (const each of known.values()) if (!placed.has(each.span)) place(each);
  return withoutFolded(order, folded, known);
}

function withoutFolded(
  order: readonly { readonly span: Span; readonly depth: number }[],
  folded: ReadonlySet<string>,
  known: ReadonlyMap<string, Span>,
): Bar[] {
  const below = belowEach(order.map(({ depth }) => depth));
  const bars: Bar[] = [];
  for (let at = 0; at < order.length;) {
    const { span, depth } = order[at] as (typeof order)[number];
    const count = below[at] ?? 0;
    const isFolded = count > 0 && folded.has(span.span);
    bars.push({ span, depth, below: count, folded: isFolded, orphan: span.parent !== '' && !known.has(span.parent) });
    at += isFolded ? count + 1 : 1;
  }
  return bars;
}

/** How many rows after each are deeper than it, without a break. */
function belowEach(depths: readonly number[]): number[] {
  const below = depths.map(() => 0);
  const open: number[] = [];
  for (let at = 0; at <= depths.length; at += 1) {
    const depth = depths[at] ?? -1;
    while (open.length > 0 && (depths[open.at(-1) ?? 0] ?? 0) >= depth) {
      const from = open.pop() ?? 0;
      below[from] = at - from - 1;
    }
    open.push(at);
  }
  return below;
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
const mapOf = (value: unknown): Readonly<Record<string, string>> =>
  value !== null && typeof value === 'object' ? (value as Readonly<Record<string, string>>) : {};
type Fields = Readonly<Record<string, unknown>>;
const listOf = (value: unknown): readonly Fields[] => (Array.isArray(value) ? (value as readonly Fields[]) : []);

/** Rows of `traceSpans`. */
export function spansOf(rows: readonly Fields[]): Span[] {
  return rows.map((row) => ({
    span: textOf(row['span']),
    parent: textOf(row['parent']),
    name: textOf(row['name']),
    kind: textOf(row['kind']),
    service: textOf(row['service']),
    time: textOf(row['time']),
    offsetNs: Number(row['offset_ns']),
    durationNs: Number(row['duration']),
    error: row['status'] === 'Error',
    message: textOf(row['message']),
    instrumentation: textOf(row['instrumentation']),
    attributes: mapOf(row['attributes']),
    resource: mapOf(row['resource']),
    events: listOf(row['events']).map((event) => ({
      time: textOf(event['Timestamp']),
      name: textOf(event['Name']),
      attributes: mapOf(event['Attributes']),
    })),
    links: listOf(row['links']).map((link) => ({ trace: textOf(link['TraceId']), span: textOf(link['SpanId']) })),
  }));
}

/** From the first start to the last end. */
export const traceLengthNs = (spans: readonly Span[]): number =>
  spans.reduce((end, { offsetNs, durationNs }) => Math.max(end, offsetNs + durationNs), 0);

/** Times of a scale from 0 to `endNs`, at round numbers, about `count` of them. */
export function ticksOf(endNs: number, count: number): number[] {
  if (endNs <= 0) return [0];
  const rough = endNs / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5, 10].find((each) => each * power >= rough) ?? 10) * power;
  return Array.from({ length: Math.floor(endNs / step) + 1 }, (_, at) => at * step);
}
