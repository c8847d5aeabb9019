import type { LedgerSnapshot } from '../../pipeline/ledger.ts';
import { ITEM_NAMES, SIGNALS } from '../../pipeline/signal.ts';
import type { ComponentStatus } from '../../pipeline/status.ts';
import { formatCount, lostByReason, receivedBySignal } from './counts.ts';

/** What one summary line is made of. */
export interface Reading {
  readonly ledger: LedgerSnapshot;
  readonly status: readonly ComponentStatus[];
  readonly atMs: number;
  /** CPU of this process since its start. */
  readonly cpuMs: number;
  readonly rssBytes: number;
}

const LINE_EVERY_MS = 60_000;

/** What a run tells of the data: at once that the first of a signal has come, and that something is lost for a reason that is
 *  new; for the rest a line a minute, so that what a start printed stays in sight. */
export class Summary {
  readonly #first: Reading;
  readonly #told = new Set<string>();
  /** At the line before. */
  #before: Reading;

  constructor(first: Reading) {
    this.#first = first;
    this.#before = first;
  }

  /** The lines for now, most often none. */
  lines(now: Reading): string[] {
    const [before, received] = [receivedBySignal(this.#first.ledger), receivedBySignal(now.ledger)];
    const came = SIGNALS.filter((signal) => received[signal] > before[signal] && this.#isNew(signal)).map(
      (signal) => `${signal} come in: ${formatCount(received[signal] - before[signal])} ${ITEM_NAMES[signal]} so far`,
    );
    const lostBefore = lostByReason(this.#first.ledger);
    // All of them, not the first that is new: each counts as told.
    const reasons = [...lostByReason(now.ledger)].filter(
      ([reason, count]) => count > (lostBefore.get(reason) ?? 0) && this.#isNew(`lost ${reason}`),
    );
    if (reasons.length === 0 && now.atMs - this.#before.atMs < LINE_EVERY_MS) return came;
    const line = summaryLine(this.#before, now);
    this.#before = now;
    return line === undefined ? came : [...came, line];
  }

  #isNew(what: string): boolean {
    const { size } = this.#told;
    return this.#told.add(what).size > size;
  }
}

/**
 * `metrics 12,300/s  logs 200/s | rejected scope_mismatch 3 | queue otlp_http 12% | cpu 34% | rss 71 MB`, or undefined when
 * nothing came in and nothing was lost since `before`.
 */
export function summaryLine(before: Reading, now: Reading): string | undefined {
  const seconds = (now.atMs - before.atMs) / 1000;
  const [receivedBefore, received] = [receivedBySignal(before.ledger), receivedBySignal(now.ledger)];
  const [lostBefore, lost] = [lostByReason(before.ledger), lostByReason(now.ledger)];
  const rates = SIGNALS.flatMap((signal) => {
    const items = received[signal] - receivedBefore[signal];
    return items === 0 ? [] : [`${signal} ${formatRate(items / seconds)}/s`];
  });
  const newlyLost = [...lost]
    .map(([reason, count]): [string, number] => [reason, count - (lostBefore.get(reason) ?? 0)])
    .filter(([, count]) => count > 0)
    .map(([reason, count]) => `${reason} ${formatCount(count)}`);
  if (rates.length === 0 && newlyLost.length === 0) return undefined;
  return [
    rates.length === 0 ? 'nothing came in' : rates.join('  '),
    ...(newlyLost.length === 0 ? [] : [`rejected ${newlyLost.join(', ')}`]),
    `queue ${queueFill(now.status)}`,
    `cpu ${Math.round((now.cpuMs - before.cpuMs) / (seconds * 10))}%`,
    `rss ${Math.round(now.rssBytes / 1e6)} MB`,
  ].join(' | ');
}

/** A single item in five seconds is not "0/s". */
function formatRate(perSecond: number): string {
  return perSecond < 10 ? perSecond.toFixed(1) : formatCount(perSecond);
}

/** The fuller of items and bytes, for every exporter that holds anything. */
function queueFill(status: readonly ComponentStatus[]): string {
  const fills = status.flatMap(({ id, queue }) => {
    if (queue === undefined || queue.items === 0) return [];
    const share = Math.max(queue.items / queue.itemsMax, queue.bytes / queue.bytesMax);
    return [`${id} ${share < 0.01 ? '<1' : Math.round(share * 100)}%`];
  });
  return fills.length === 0 ? 'empty' : fills.join(', ');
}
