import { anyValueOf, encodeRequest, keyValues } from '../otlp/encode.ts';
import { DEFAULT_SCOPE_STAGE } from '../scope/stage.ts';
import { PERF_EVENT, PERF_INSTRUMENTATION_SCOPE, perfAttributes } from './attributes.ts';
import type { PerfRow } from './record.ts';

const INFO = 9;

export interface PerfRequestParts {
  readonly rows: readonly PerfRow[];
  /** What each of them claims. With more than one they contradict themselves, and the scope stage cuts them out. */
  readonly claims?: readonly string[];
  /** The attribute that a claim is made by. */
  readonly claimKey?: string;
  /** Of the resource. */
  readonly service: string;
  readonly observedUnixNano: bigint;
}

/**
 * Rows as OTLP: one log record each, for a value may be a number or a word, and a record keeps nanoseconds and needs no series
 * (docs/decisions/0023). The first claim stands at the resource, so that all are judged as one.
 */
export function encodePerfRows({
  rows,
  claims = [],
  claimKey = DEFAULT_SCOPE_STAGE.keys[0]!,
  service,
  observedUnixNano,
}: PerfRequestParts): Uint8Array {
  const [claim, ...others] = claims;
  const further = others.flatMap((each) => keyValues({ [claimKey]: each }));
  const logRecords = rows.map((row) => ({
    timeUnixNano: row.timeUnixNano,
    observedTimeUnixNano: observedUnixNano,
    severityNumber: INFO,
    severityText: 'INFO',
    body: anyValueOf(sentenceOf(row)),
    attributes: [...keyValues(perfAttributes(row)), ...further],
    eventName: PERF_EVENT,
  }));
  const attributes = keyValues({ 'service.name': service, [claimKey]: claim });
  return encodeRequest('logs', {
    resourceLogs: [{ resource: { attributes }, scopeLogs: [{ scope: { name: PERF_INSTRUMENTATION_SCOPE }, logRecords }] }],
  });
}

const sentenceOf = ({ category, type, topic, subCat, id, value }: PerfRow): string =>
  `${[category, type, topic, subCat, id].filter((part) => part !== '').join(' ')}: ${value}`;
