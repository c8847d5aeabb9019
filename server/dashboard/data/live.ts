import { signal } from '@preact/signals';
import { useEffect, useRef, useState } from 'preact/hooks';
import { csvText } from '../../../agent/terminal/csv.ts';
import type { Stretch } from '../model/time-range.ts';
import { stepSeconds, stretchOf, wholeBuckets } from '../model/time-range.ts';
import { ask, getJson, query, scope, sqlRequest, type Answer, type Fault, type Rows } from './api.ts';
import { range } from './place.ts';

/** The collector's clock less the browser's: times in queries are the collector's. */
export const clockAheadMs = signal(0);
export const nowMs = (): number => Date.now() + clockAheadMs.peek();
export async function readClock(): Promise<void> {
  const from = Date.now();
  const answer = await query('SELECT epoch_ms(now()) AS now');
  const there = answer.ok ? Number(answer.value.rows[0]?.[0]) : Number.NaN;
  // Half a second is the way to and fro.
  const ahead = there - (from + Date.now()) / 2;
  if (Number.isFinite(ahead)) clockAheadMs.value = Math.abs(ahead) < 500 ? 0 : ahead;
}

/** Stops everything that moves by itself. */
export const paused = signal(false);

export interface Live<Value> {
  readonly value: Value | undefined;
  /** Of the last try; `value` is then from before. */
  readonly fault: Fault | undefined;
  readonly loading: boolean;
}

interface Options {
  /** Between the end of one try and the next; 0 = once. */
  readonly everyMs?: number;
  /** The same after an answer with nothing in it: who waits for the first of something looks more often. */
  readonly emptyEveryMs?: number;
  /** Asks anew when one of these changes. */
  readonly on: readonly unknown[];
}

const isEmpty = (value: unknown): boolean => (value as Partial<Rows>).rows?.length === 0;
const FAULTS_WAIT_MS_MAX = 15_000;

/**
 * Asks, and asks again as long as it is looked at: never two at once, not while the page is hidden or paused, slower
 * while it fails. What was there stays until something newer is. `ask` returns undefined when there is nothing to ask.
 */
export function useLive<Value>(
  asking: (signalOf: AbortSignal) => Promise<Answer<Value>> | undefined,
  { everyMs = 0, emptyEveryMs = everyMs, on }: Options,
): Live<Value> {
  const [state, setState] = useState<Live<Value>>({ value: undefined, fault: undefined, loading: true });
  const latest = useRef(asking);
  latest.current = asking;
  useEffect(() => {
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let failures = 0;
    const again = (afterMs: number): void => {
      timer = setTimeout(() => void turn(), afterMs);
    };
    const turn = async (): Promise<void> => {
      if (failures === 0 && timer !== undefined && (document.hidden || paused.peek())) return again(500);
      const asked = latest.current(abort.signal);
      if (asked === undefined) return setState({ value: undefined, fault: undefined, loading: false });
      const answer = await asked;
      if (abort.signal.aborted) return;
      if (answer.ok) {
        failures = 0;
        setState({ value: answer.value, fault: undefined, loading: false });
        if (everyMs > 0) again(isEmpty(answer.value) ? emptyEveryMs : everyMs);
        return;
      }
      failures += 1;
      setState((before) => ({ value: before.value, fault: answer.fault, loading: false }));
      const waits = answer.fault.retryAfterMs ?? Math.min(FAULTS_WAIT_MS_MAX, 1000 * 2 ** Math.min(failures, 5));
      // What is wrong with the question stays wrong; what is wrong with the collector may pass.
      if (answer.fault.status === 0 || answer.fault.status >= 408) again(waits);
      else if (everyMs > 0) again(Math.max(everyMs, waits));
    };
    setState((before) => ({ ...before, loading: true }));
    void turn();
    return () => {
      abort.abort();
      clearTimeout(timer);
    };
  }, [...on, everyMs]);
  return state;
}

export const useJson = <Value>(path: string | undefined, everyMs = 0): Live<Value> =>
  useLive((signalOf) => (path === undefined ? undefined : getJson<Value>(path, signalOf)), {
    everyMs,
    on: [path, scope.value],
  });

/** Rows, and the stretch of time that they were asked for: the page may show another one meanwhile. */
export interface AskedRows extends Rows {
  readonly stretch: Stretch;
}

/** Runs what `build` makes of the page's stretch of time; a stretch that moves is asked for again and again. */
export function useRows(
  build: (stretch: Stretch) => string | undefined,
  on: readonly unknown[],
  everyMs = 5000,
  emptyEveryMs = everyMs,
): Live<AskedRows> & { readonly sql: () => string } {
  const shown = range.value;
  const sql = (): string => build(stretchOf(shown, nowMs())) ?? '';
  const live = useLive<AskedRows>(
    (signalOf) => {
      const stretch = stretchOf(shown, nowMs());
      const text = build(stretch) ?? '';
      return text === '' || scope.peek() === '' ? undefined : asked(text, stretch, signalOf);
    },
    { everyMs: shown.kind === 'last' ? everyMs : 0, emptyEveryMs, on: [...on, scope.value, JSON.stringify(shown)] },
  );
  return { ...live, sql };
}

async function asked(sql: string, stretch: Stretch, signalOf: AbortSignal): Promise<Answer<AskedRows>> {
  const answer = await query(sql, signalOf);
  return answer.ok ? { ok: true, value: { ...answer.value, stretch } } : answer;
}

export interface Buckets {
  /** Seconds. */
  readonly step: number;
  /** What the page shows at this moment: in whole buckets when it moves. */
  readonly stretch: Stretch;
  readonly whole: (asked: Stretch) => Stretch;
  /** The buckets of an answer, which may be from before the page was moved; those of the page when there is none. */
  readonly bucketsOf: (answer: { readonly stretch: Stretch } | undefined) => { readonly stretch: Stretch; readonly step: number };
}

/** The page's stretch of time cut into at most `most` buckets. */
export function useBuckets(most: number): Buckets {
  const moves = range.value.kind === 'last';
  const now = stretchOf(range.value, nowMs());
  const step = stepSeconds(now, most);
  const whole = (stretch: Stretch): Stretch => wholeBuckets(stretch, step, moves);
  return {
    step,
    whole,
    stretch: moves ? whole(now) : now,
    bucketsOf(answer) {
      const { stretch } = answer ?? { stretch: now };
      const width = stepSeconds(stretch, most);
      return { step: width, stretch: wholeBuckets(stretch, width, false) };
    },
  };
}

/** Saves what SQL answers as a file. CSV is written here: what opens it is a spreadsheet, and the API's is for programs. */
export async function download(name: string, sql: string, format: 'json' | 'csv'): Promise<Fault | undefined> {
  const answer = await ask('/api/v1/sql', sqlRequest(sql));
  if (!answer.ok) return answer.fault;
  saveAs(name, format === 'json' ? await answer.value.blob() : csvOf((await answer.value.json()) as Rows));
  return undefined;
}

const csvOf = ({ columns, rows }: Rows): Blob =>
  new Blob(
    [
      csvText(
        columns.map((column) => column.name),
        rows,
      ),
    ],
    { type: 'text/csv' },
  );

export function saveAs(name: string, blob: Blob): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
