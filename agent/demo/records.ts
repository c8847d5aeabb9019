import { anyValueOf, keyValues, type PlainAttributes, type PlainMessage } from '../../pipeline/otlp/encode.ts';

/** Spans and log records of the shop, as OTLP. */
export interface SpanPlace {
  readonly traceId: Uint8Array;
  readonly spanId: Uint8Array;
}

export const SPAN_KIND = { server: 2, client: 3, producer: 4, consumer: 5 } as const;
const FAILED = 2;
/** W3C trace flags: sampled. */
const SAMPLED = 1;

export const SEVERITY = { INFO: 9, WARN: 13, ERROR: 17, FATAL: 21 } as const;

export interface SpanParts {
  readonly place: SpanPlace;
  readonly parent: SpanPlace | undefined;
  readonly name: string;
  readonly kind: keyof typeof SPAN_KIND;
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: PlainAttributes;
  /** Absent = it went well. */
  readonly failure?: Failure | undefined;
  readonly link?: SpanPlace | undefined;
}

export interface Failure {
  readonly type: string;
  readonly message: string;
}

export function nanosOf(ms: number): bigint {
  const whole = Math.floor(ms);
  return BigInt(whole) * 1_000_000n + BigInt(Math.round((ms - whole) * 1e6));
}

export function spanOf({ place, parent, name, kind, startMs, endMs, attributes, failure, link }: SpanParts): PlainMessage {
  const exception = failure === undefined ? {} : { 'exception.type': failure.type, 'exception.message': failure.message };
  return {
    traceId: place.traceId,
    spanId: place.spanId,
    parentSpanId: parent?.traceId === place.traceId ? parent.spanId : undefined,
    name,
    kind: SPAN_KIND[kind],
    startTimeUnixNano: nanosOf(startMs),
    endTimeUnixNano: nanosOf(endMs),
    attributes: keyValues({ ...attributes, 'error.type': failure?.type }),
    events: failure === undefined ? [] : [{ timeUnixNano: nanosOf(endMs), name: 'exception', attributes: keyValues(exception) }],
    links: link === undefined ? [] : [{ traceId: link.traceId, spanId: link.spanId }],
    status: failure === undefined ? {} : { code: FAILED, message: failure.message },
    flags: SAMPLED,
  };
}

export interface LogParts {
  readonly atMs: number;
  readonly severity: keyof typeof SEVERITY;
  readonly body: string;
  readonly attributes?: PlainAttributes;
  readonly place?: SpanPlace | undefined;
  readonly eventName?: string;
}

export function logOf({ atMs, severity, body, attributes = {}, place, eventName }: LogParts): PlainMessage {
  return {
    timeUnixNano: nanosOf(atMs),
    observedTimeUnixNano: nanosOf(atMs),
    severityNumber: SEVERITY[severity],
    severityText: severity,
    body: anyValueOf(body),
    attributes: keyValues(attributes),
    traceId: place?.traceId,
    spanId: place?.spanId,
    flags: place === undefined ? 0 : SAMPLED,
    eventName,
  };
}
