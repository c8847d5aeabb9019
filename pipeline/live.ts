import type { Permission } from './auth.ts';
import type { ScopedBatch } from './batch/scoped-batch.ts';
import type { ErrorCode } from './errors.ts';

/** What a host lends of the live stream (`Host.live`): exporters bring data to it, components and analytics things that
 *  can be subscribed to. It is one per process and outlives a reload. */
export interface Live {
  /** Looks at the batch for whoever watches its scope, now, and keeps nothing of it. Costs a look-up where nobody does. */
  publish(batch: ScopedBatch): void;
  /** From here on clients can subscribe to the source's topic; a later one of the same topic takes its place. Returns the
   *  way back, which ends its subscriptions. */
  register(source: StreamSource): () => void;
  /** Since the start. */
  stats(): LiveStats;
}

export interface LiveStats {
  readonly connections: number;
  readonly subscriptions: number;
  /** Items of batches that came while somebody watched their scope, and of these the ones nobody had time to look at. */
  readonly watchedItems: number;
  readonly skippedItems: number;
  /** Messages to clients, and those that were left out because a client was too slow. */
  readonly messages: number;
  readonly droppedMessages: number;
}

/** For whom a feed is: everything in it must belong to `scope`, or with `admin` to the process as a whole. */
export interface StreamViewer {
  readonly scope: string;
  readonly admin: boolean;
}

/** How a feed speaks up by itself. */
export interface FeedVoice {
  /** Ends it, and tells its subscribers why. */
  fail(fault: StreamFault): void;
  /** Asks for `delta` as soon as what runs now has ended, not at the end of the second. */
  changed(): void;
}

/** Members of a message: an object, or the UTF-8 text of one in JSON, `{…}` without blanks around it. */
export type StreamData = Readonly<Record<string, unknown>> | Uint8Array;

export interface StreamFault {
  readonly ok: false;
  readonly code: ErrorCode;
  /** "cannot <verb> <object>: <cause>". */
  readonly message: string;
  readonly retryAfterMs?: number | undefined;
}

/** Something that clients subscribe to: topic `metrics`, `sql`, … */
export interface StreamSource<Options extends object = object> {
  readonly topic: string;
  /** Only the latest state counts: a client that was too slow gets a new snapshot, not the deltas that it missed. */
  readonly conflates: boolean;
  /** What who subscribes must be allowed beside `stream`. */
  readonly permission?: Permission;
  /** Judges what a client gave, a flat object or lists of plain values. Equal options must give equal JSON texts: their
   *  subscribers share one feed, and the same bytes. */
  options(given: Readonly<Record<string, unknown>>): { readonly ok: true; readonly options: Options } | StreamFault;
  /** Once a second, before its feeds are asked. */
  tick?(): void;
  /** For the first subscriber of these options in this scope. */
  open(viewer: StreamViewer, options: Options, voice: FeedVoice): StreamFeed | StreamFault;
}

/** What the subscribers of one scope with the same options get. Nothing of it may throw or reject. */
export interface StreamFeed {
  /** The state as of the last `delta`; for each subscriber that joins, and each that was too slow. */
  snapshot(): StreamData | Promise<StreamData | StreamFault>;
  /** Asked once a second: what has changed since; undefined = nothing; `renew` = everybody needs a new snapshot. */
  delta(): StreamData | 'renew' | undefined;
  /** The last subscriber has gone. */
  close(): void;
}

export const isStreamFault = (value: object): value is StreamFault => 'ok' in value && value.ok === false;

const NOTHING: LiveStats = {
  connections: 0,
  subscriptions: 0,
  watchedItems: 0,
  skippedItems: 0,
  messages: 0,
  droppedMessages: 0,
};

/** The live stream as components see it: nobody watches until an API is open. */
export class LiveHub implements Live {
  readonly #sources = new Map<StreamSource, () => void>();
  #stream: Live | undefined;

  publish(batch: ScopedBatch): void {
    this.#stream?.publish(batch);
  }

  register(source: StreamSource): () => void {
    this.#sources.set(source, this.#stream?.register(source) ?? (() => {}));
    return () => {
      this.#sources.get(source)?.();
      this.#sources.delete(source);
    };
  }

  stats(): LiveStats {
    return this.#stream?.stats() ?? NOTHING;
  }

  /** From here on `stream` is it. */
  attach(stream: Live): void {
    this.#stream = stream;
    for (const source of this.#sources.keys()) this.#sources.set(source, stream.register(source));
  }
}
