import { z } from 'zod';
import { LIMITS } from '../../../pipeline/limits.ts';
import type { StreamData, StreamFeed, StreamSource } from '../../../pipeline/live.ts';
import type { Dictionaries, LogColumns, LogsScan } from '../../../pipeline/otlp/scan-types.ts';
import { ValueReader } from '../../../pipeline/otlp/value-reader.kernel.ts';
import { valueText } from '../../../pipeline/otlp/value-text.ts';
import { readOptions } from '../messages.ts';
import type { LogsData, StreamLog } from '../protocol.ts';
import type { Watcher, Watches } from '../watch.ts';
import { ByIndex } from './by-index.ts';
import { Recent } from './recent.ts';
import { bigOf, cutAttributes, cutText, cutUtf8, hexOf, isoOf } from './text.ts';

const LIMIT = 200;
const SERVICE_CHARS = 256;
const TEXT_CHARS = 256;
const SEVERITY_MAX = 24;
/** First number of each range of OTLP's severities. */
const SEVERITIES: Readonly<Record<string, number>> = { TRACE: 1, DEBUG: 5, INFO: 9, WARN: 13, ERROR: 17, FATAL: 21 };

const severity = z.union([
  z.int().min(1).max(SEVERITY_MAX),
  z
    .string()
    .transform((name) => SEVERITIES[name.toUpperCase()] ?? 0)
    .refine((number) => number > 0, `must be 1 to ${SEVERITY_MAX} or one of ${Object.keys(SEVERITIES).join(', ')}`),
]);
const schema = z
  .strictObject({
    service: z.string().max(SERVICE_CHARS).optional(),
    min_severity: severity.optional(),
    text: z.string().max(TEXT_CHARS).optional(),
    limit: z.int().min(1).max(LIMITS.streamItems).default(LIMIT),
  })
  .transform(({ service, min_severity: minSeverity, text, limit }) => ({
    service: service ?? null,
    minSeverity: minSeverity ?? 0,
    text: (text ?? '').toLowerCase(),
    limit,
  }));
type Options = z.output<typeof schema>;

/** Topic `logs`: the newest records of each second. */
export function logsSource(watches: Watches): StreamSource<Options> {
  return {
    topic: 'logs',
    conflates: false,
    options: (given) => readOptions(schema, given),
    open: ({ scope }, options) => {
      const feed = new LogsFeed(options);
      feed.leave = watches.add(scope, 'logs', feed);
      return feed;
    },
  };
}

class LogsFeed implements StreamFeed, Watcher<LogsScan> {
  leave = (): void => {};
  readonly #options: Options;
  readonly #recent: Recent<StreamLog>;
  readonly #wanted = new ByIndex<boolean>((dictionaries, origin) => this.#wantsOrigin(dictionaries, origin));
  #matched = 0;
  /** Nobody looked at them. */
  #unseen = 0;
  #rate = 0;

  constructor(options: Options) {
    this.#options = options;
    this.#recent = new Recent(options.limit);
  }

  take({ logs, dictionaries }: LogsScan): void {
    const { limit, minSeverity, text } = this.#options;
    const newest: StreamLog[] = [];
    for (let row = logs.length - 1; row >= 0; row--) {
      if (logs.severityNumber[row]! < minSeverity || !this.#wanted.of(dictionaries, logs.origin[row]!)) continue;
      const isRoom = newest.length < limit;
      // Only who is shown, or searched, is read.
      const body = isRoom || text !== '' ? bodyText(logs, row) : '';
      if (text !== '' && !body.toLowerCase().includes(text)) continue;
      this.#matched += 1;
      if (isRoom) newest.push(logOf(logs, row, dictionaries, body));
    }
    this.#recent.add(newest.reverse());
  }

  skip(items: number): void {
    this.#unseen += items;
  }

  snapshot(): StreamData {
    return { records: this.#recent.shown, rate: this.#rate } satisfies LogsData as StreamData;
  }

  delta(): StreamData | undefined {
    const records = this.#recent.take();
    const skipped = this.#matched - records.length + this.#unseen;
    const before = this.#rate;
    this.#rate = this.#matched;
    this.#matched = 0;
    this.#unseen = 0;
    // A rate that falls to nothing is news, too.
    if (this.#rate === 0 && before === 0 && skipped === 0) return undefined;
    const data: LogsData = { records, rate: this.#rate, ...(skipped > 0 && { skipped }) };
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

const reader = new ValueReader();

function bodyText({ body, bodyIsText, heap }: LogColumns, row: number): string {
  const [start, end] = [body[2 * row]!, body[2 * row + 1]!];
  if (start === end) return '';
  if (bodyIsText[row] === 1) return cutUtf8(heap.subarray(start, end));
  reader.anyValue(heap, start, end);
  return cutText(valueText(reader));
}

function logOf(logs: LogColumns, row: number, dictionaries: Dictionaries, body: string): StreamLog {
  const number = logs.severityNumber[row]!;
  return {
    time: isoOf(bigOf(logs.time, row)),
    severity: cutText(dictionaries.text(logs.severityText[row]!)) || severityName(number),
    severity_number: number,
    service: cutText(dictionaries.resource(dictionaries.resourceOf(logs.origin[row]!)).service),
    body,
    attributes: cutAttributes(dictionaries.attributeSet(logs.attributes[row]!)),
    trace_id: hexOf(logs.traceId, 4 * row, 4),
    span_id: hexOf(logs.spanId, 2 * row, 2),
  };
}

/** As the data model names them: INFO, INFO2, INFO3, INFO4, WARN, …; '' for none. */
function severityName(number: number): string {
  const [name, first] = Object.entries(SEVERITIES).findLast(([, from]) => number >= from) ?? ['', number];
  return number === first ? name : `${name}${number - first + 1}`;
}
