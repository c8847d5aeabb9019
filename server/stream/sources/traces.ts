import { z } from 'zod';
import { LIMITS } from '../../../pipeline/limits.ts';
import type { StreamData, StreamFeed, StreamSource } from '../../../pipeline/live.ts';
import type { Dictionaries, SpanColumns, TracesScan } from '../../../pipeline/otlp/scan-types.ts';
import { readOptions } from '../messages.ts';
import type { StreamSpan, TracesData } from '../protocol.ts';
import type { Watcher, Watches } from '../watch.ts';
import { ByIndex } from './by-index.ts';
import { Recent } from './recent.ts';
import { bigOf, cutAttributes, cutText, hexOf, isoOf, numberOf } from './text.ts';

const LIMIT = 100;
const SERVICE_CHARS = 256;
const NS_PER_MS = 1_000_000;
const ERROR = 2;
const KINDS = ['Unspecified', 'Internal', 'Server', 'Client', 'Producer', 'Consumer'] as const;
const STATUSES = ['Unset', 'Ok', 'Error'] as const;

const schema = z
  .strictObject({
    service: z.string().max(SERVICE_CHARS).optional(),
    min_duration_ms: z.number().min(0).optional(),
    errors_only: z.boolean().default(false),
    limit: z.int().min(1).max(LIMITS.streamItems).default(LIMIT),
  })
  .transform(({ service, min_duration_ms: minDurationMs, errors_only: errorsOnly, limit }) => ({
    service: service ?? null,
    minDurationMs: minDurationMs ?? 0,
    errorsOnly,
    limit,
  }));
type Options = z.output<typeof schema>;

/** Topic `traces`: the newest spans of each second. */
export function tracesSource(watches: Watches): StreamSource<Options> {
  return {
    topic: 'traces',
    conflates: false,
    options: (given) => readOptions(schema, given),
    open: ({ scope }, options) => {
      const feed = new TracesFeed(options);
      feed.leave = watches.add(scope, 'traces', feed);
      return feed;
    },
  };
}

class TracesFeed implements StreamFeed, Watcher<TracesScan> {
  leave = (): void => {};
  readonly #options: Options;
  readonly #recent: Recent<StreamSpan>;
  readonly #wanted = new ByIndex<boolean>((dictionaries, origin) => this.#wantsOrigin(dictionaries, origin));
  #matched = 0;
  /** Nobody looked at them. */
  #unseen = 0;

  constructor(options: Options) {
    this.#options = options;
    this.#recent = new Recent(options.limit);
  }

  take({ spans, dictionaries }: TracesScan): void {
    const { limit, errorsOnly } = this.#options;
    const minDurationNs = this.#options.minDurationMs * NS_PER_MS;
    const newest: StreamSpan[] = [];
    for (let row = spans.length - 1; row >= 0; row--) {
      if (errorsOnly && spans.statusCode[row] !== ERROR) continue;
      if (numberOf(spans.duration, row) < minDurationNs || !this.#wanted.of(dictionaries, spans.origin[row]!)) continue;
      this.#matched += 1;
      if (newest.length < limit) newest.push(spanOf(spans, row, dictionaries));
    }
    this.#recent.add(newest.reverse());
  }

  skip(items: number): void {
    this.#unseen += items;
  }

  snapshot(): StreamData {
    return { spans: this.#recent.shown };
  }

  delta(): StreamData | undefined {
    const spans = this.#recent.take();
    const skipped = this.#matched - spans.length + this.#unseen;
    this.#matched = 0;
    this.#unseen = 0;
    if (spans.length === 0 && skipped === 0) return undefined;
    const data: TracesData = { spans, ...(skipped > 0 && { skipped }) };
    return data as unknown as StreamData;
  }

  close(): void {
    this.leave();
  }

  #wantsOrigin(dictionaries: Dictionaries, origin: number): boolean {
    const { service } = this.#options;
    return service === null || dictionaries.resource(dictionaries.resourceOf(origin)).service === service;
  }
}

function spanOf(spans: SpanColumns, row: number, dictionaries: Dictionaries): StreamSpan {
  return {
    time: isoOf(bigOf(spans.time, row)),
    trace_id: hexOf(spans.traceId, 4 * row, 4),
    span_id: hexOf(spans.spanId, 2 * row, 2),
    parent_span_id: hexOf(spans.parentSpanId, 2 * row, 2),
    name: cutText(dictionaries.text(spans.name[row]!)),
    kind: KINDS[spans.kind[row]!] ?? KINDS[0],
    service: cutText(dictionaries.resource(dictionaries.resourceOf(spans.origin[row]!)).service),
    duration_ns: numberOf(spans.duration, row),
    status: STATUSES[spans.statusCode[row]!] ?? STATUSES[0],
    attributes: cutAttributes(dictionaries.attributeSet(spans.attributes[row]!)),
  };
}
