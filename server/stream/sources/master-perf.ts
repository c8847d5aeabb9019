import { z } from 'zod';
import type { Analytics } from '../../../pipeline/analytics.ts';
import {
  isStreamFault,
  type FeedVoice,
  type StreamData,
  type StreamFault,
  type StreamFeed,
  type StreamSource,
} from '../../../pipeline/live.ts';
import { askPerf } from '../../perf/query.ts';
import { readOptions } from '../messages.ts';

const schema = z.strictObject({});
type Options = z.output<typeof schema>;

/** Topic `master_perf`: first the latest row of each thing, then each second those that are new or have changed. */
export function masterPerfSource(analytics: Analytics): StreamSource<Options> {
  return {
    topic: 'master_perf',
    // A row says all of its thing: who missed one needs the rows as they are now.
    conflates: true,
    options: (given) => readOptions(schema, given),
    open: ({ scope }, _options, voice) => new MasterPerfFeed(analytics, scope, voice),
  };
}

/** Rows as lines of JSON, which nobody here reads. */
class MasterPerfFeed implements StreamFeed {
  readonly #analytics: Analytics;
  readonly #scope: string;
  readonly #voice: FeedVoice;
  readonly #closed = new AbortController();
  /** What subscribers know, and what is to be told next. */
  #known: ReadonlySet<string> | undefined;
  #next: ReadonlySet<string> | undefined;
  #asking: Promise<ReadonlySet<string> | StreamFault> | undefined;

  constructor(analytics: Analytics, scope: string, voice: FeedVoice) {
    this.#analytics = analytics;
    this.#scope = scope;
    this.#voice = voice;
  }

  async snapshot(): Promise<StreamData | StreamFault> {
    if (this.#known === undefined) {
      const rows = await this.#ask();
      if (isStreamFault(rows)) return rows;
      this.#known ??= rows;
    }
    return dataOf([...this.#known]);
  }

  /** Tells what was asked a second ago, and asks again. */
  delta(): StreamData | undefined {
    const known = this.#known;
    if (known === undefined) return undefined;
    const next = this.#next;
    this.#next = undefined;
    void this.#look();
    if (next === undefined) return undefined;
    this.#known = next;
    const changed = [...next].filter((line) => !known.has(line));
    return changed.length === 0 ? undefined : dataOf(changed);
  }

  close(): void {
    this.#closed.abort();
  }

  async #look(): Promise<void> {
    const rows = await this.#ask();
    if (this.#closed.signal.aborted) return;
    if (!isStreamFault(rows)) this.#next = rows;
    // A process that starts again, or has much to do, has an answer later.
    else if (rows.code === 'NO_WINDOWS') this.#voice.fail(rows);
  }

  #ask(): Promise<ReadonlySet<string> | StreamFault> {
    this.#asking ??= this.#query().finally(() => (this.#asking = undefined));
    return this.#asking;
  }

  async #query(): Promise<ReadonlySet<string> | StreamFault> {
    const answer = await askPerf(this.#analytics, this.#scope, { format: 'ndjson', history: false }, this.#closed.signal);
    if (!answer.ok) return answer;
    return new Set(
      Buffer.from(answer.body)
        .toString()
        .split('\n')
        .filter((line) => line !== ''),
    );
  }
}

const dataOf = (lines: readonly string[]): Uint8Array => Buffer.from(`{"masterPerf":[${lines.join(',')}]}`);
