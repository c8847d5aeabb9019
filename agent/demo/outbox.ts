import { encodeRequest, type PlainMessage } from '../../pipeline/otlp/encode.ts';
import type { Signal } from '../../pipeline/signal.ts';
import type { Instance } from './instance.ts';

export interface DemoRequest {
  readonly signal: Signal;
  readonly bytes: Uint8Array;
  /** Spans, records, or data points. */
  readonly items: number;
}

interface Due {
  readonly atMs: number;
  /** Of two at the same time the one that was put in first comes out first. */
  readonly order: number;
  readonly happen: () => void;
}

const INSTRUMENTATION_SCOPE = { name: 'periscope.demo', version: '1.0.0' };

/** What has happened in the shop and is to be sent, by process. What will happen waits until its time has come. */
export class Outbox {
  #waiting: Due[] = [];
  #order = 0;
  readonly #spans = new Map<Instance, PlainMessage[]>();
  readonly #logs = new Map<Instance, PlainMessage[]>();
  readonly #metrics = new Map<Instance, PlainMessage[]>();

  at(atMs: number, happen: () => void): void {
    this.#waiting.push({ atMs, happen, order: this.#order++ });
  }

  span(instance: Instance, span: PlainMessage): void {
    add(this.#spans, instance, [span]);
  }

  log(instance: Instance, record: PlainMessage): void {
    add(this.#logs, instance, [record]);
  }

  metrics(instance: Instance, metrics: readonly PlainMessage[]): void {
    add(this.#metrics, instance, metrics);
  }

  /** Lets happen what is due. */
  happen(nowMs: number): void {
    const due = this.#waiting.filter(({ atMs }) => atMs <= nowMs);
    this.#waiting = this.#waiting.filter(({ atMs }) => atMs > nowMs);
    due.sort((left, right) => left.atMs - right.atMs || left.order - right.order);
    for (const { happen } of due) happen();
  }

  /** One request per signal of all that has happened. */
  take(): DemoRequest[] {
    return [
      request('metrics', this.#metrics, 'resourceMetrics', 'scopeMetrics', 'metrics'),
      request('traces', this.#spans, 'resourceSpans', 'scopeSpans', 'spans'),
      request('logs', this.#logs, 'resourceLogs', 'scopeLogs', 'logRecords'),
    ].flatMap((made) => made ?? []);
  }
}

function add(to: Map<Instance, PlainMessage[]>, instance: Instance, messages: readonly PlainMessage[]): void {
  const there = to.get(instance);
  if (there === undefined) to.set(instance, [...messages]);
  else there.push(...messages);
}

function request(
  signal: Signal,
  from: Map<Instance, PlainMessage[]>,
  groups: string,
  scopeGroups: string,
  items: string,
): DemoRequest | undefined {
  if (from.size === 0) return undefined;
  const entries = [...from];
  from.clear();
  const bytes = encodeRequest(signal, {
    [groups]: entries.map(([{ resource }, messages]) => ({
      resource,
      [scopeGroups]: [{ scope: INSTRUMENTATION_SCOPE, [items]: messages }],
    })),
  });
  const count = (message: PlainMessage): number => (signal === 'metrics' ? pointsOf(message) : 1);
  return { signal, bytes, items: entries.flatMap(([, messages]) => messages).reduce((sum, message) => sum + count(message), 0) };
}

function pointsOf(metric: PlainMessage): number {
  const data = Object.values(metric).find((value) => typeof value === 'object' && 'dataPoints' in value) as PlainMessage;
  return (data['dataPoints'] as readonly PlainMessage[]).length;
}
