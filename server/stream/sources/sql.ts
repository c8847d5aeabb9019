import { z } from 'zod';
import type { Analytics, SqlFault, Standing, StandingEvents, StandingQuery } from '../../../pipeline/analytics.ts';
import { LIMITS } from '../../../pipeline/limits.ts';
import type { FeedVoice, StreamData, StreamFault, StreamFeed, StreamSource } from '../../../pipeline/live.ts';
import { readOptions } from '../messages.ts';

const PARAMS = 100;
const COLUMN_CHARS = 1024;
const scalar = z.union([z.null(), z.boolean(), z.number(), z.string()]);
const param = z.union([scalar, z.array(scalar)]);

/** Sorted where the order says nothing, so that who asks the same has the same text. */
const schema = z
  .strictObject({
    sql: z.string().min(1).max(LIMITS.sqlChars),
    params: z.union([z.array(param).max(PARAMS), z.record(z.string(), param)]).optional(),
    key: z.array(z.string().max(COLUMN_CHARS)).max(LIMITS.standingKeyColumns).optional(),
  })
  .transform(({ sql, params = [], key = [] }) => ({
    sql,
    params: Array.isArray(params) ? params : Object.fromEntries(Object.entries(params).toSorted(([a], [b]) => (a < b ? -1 : 1))),
    key: [...new Set(key)].toSorted(),
  }));

/** Topic `sql`: a SELECT that stays open, its rows as a snapshot and then what changes of them. */
export function sqlSource(analytics: Pick<Analytics, 'stand'>): StreamSource<StandingQuery> {
  return {
    topic: 'sql',
    conflates: true,
    // As for POST /api/v1/sql.
    permission: 'query',
    options: (given) => readOptions(schema, given),
    open({ scope }, query, voice) {
      const feed = new SqlFeed(voice);
      const standing = analytics.stand(scope, query, feed);
      if ('ok' in standing) return standing;
      feed.standing = standing;
      return feed;
    },
  };
}

type Waiting = (answer: StreamData | StreamFault) => void;

class SqlFeed implements StreamFeed, StandingEvents {
  standing: Standing | undefined;
  readonly #voice: FeedVoice;
  #waiting: Waiting[] = [];
  /** Came and was not taken: no other comes before it is. */
  #delta: Uint8Array | undefined;
  #mustRenew = false;
  /** A snapshot that has the delta in it which was not taken yet. */
  #late: Uint8Array | undefined;

  constructor(voice: FeedVoice) {
    this.#voice = voice;
  }

  snapshot(): Promise<StreamData | StreamFault> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.standing?.ask();
    });
  }

  delta(): StreamData | 'renew' | undefined {
    if (this.#mustRenew) {
      this.#mustRenew = false;
      return 'renew';
    }
    const delta = this.#delta;
    if (delta === undefined) return undefined;
    this.#delta = undefined;
    this.standing?.next();
    // Whoever waits for it hears of it when this delta is out.
    if (this.#late !== undefined) this.#answer(this.#late);
    return delta;
  }

  close(): void {
    this.standing?.end();
  }

  whole(snapshot: Uint8Array): void {
    if (this.#delta === undefined) this.#answer(snapshot);
    else this.#late = snapshot;
  }

  changed(delta: Uint8Array): void {
    this.#delta = delta;
    this.#voice.changed();
  }

  lost(): void {
    this.#delta = undefined;
    this.#late = undefined;
    this.#mustRenew = true;
    this.#voice.changed();
  }

  ended(fault: SqlFault): void {
    this.#voice.fail(fault);
  }

  #answer(snapshot: Uint8Array): void {
    this.#late = undefined;
    for (const resolve of this.#waiting.splice(0)) resolve(snapshot);
  }
}
