import { deflateSync } from 'node:zlib';
import { compress } from '../../pipeline/compression/compress.ts';
import { isStreamFault, type StreamData, type StreamFault, type StreamFeed } from '../../pipeline/live.ts';
import { STREAM_COMPRESSED_BYTES, type StreamCompression } from './protocol.ts';

/** One subscription of one client. */
export interface Subscriber {
  readonly id: string;
  readonly compress: StreamCompression | undefined;
  /** Bytes are shared with other subscribers. */
  snapshot(bytes: Uint8Array, isBinary: boolean): void;
  delta(seq: number, bytes: Uint8Array): void;
  failed(fault: StreamFault): void;
}

const encoder = new TextEncoder();
const EMPTY_OBJECT_BYTES = 2;

/**
 * One feed and all who are subscribed to it: what it says is encoded once, and once more only for each different `id`,
 * which most clients have in common.
 */
export class Channel {
  readonly #feed: StreamFeed;
  readonly #ended: () => void;
  readonly #joined = new Set<Subscriber>();
  /** They wait for a snapshot that is being made; no delta is theirs before it. */
  readonly #joining = new Set<Subscriber>();
  #asking = false;
  #seq = 0;
  #snapshot: { readonly seq: number; readonly body: Uint8Array } | undefined;
  /** Frames made of `#snapshot`, or of the delta that is sent now. */
  readonly #snapshots = new Map<string, Uint8Array>();
  readonly #deltas = new Map<string, Uint8Array>();
  #over = false;

  /** `ended` is called when the last subscriber has gone. */
  constructor(feed: StreamFeed, ended: () => void) {
    this.#feed = feed;
    this.#ended = ended;
  }

  get subscribers(): number {
    return this.#joined.size + this.#joining.size;
  }

  /** Gives it a snapshot, then deltas. Also for one that has joined and needs a new snapshot. */
  join(subscriber: Subscriber): void {
    this.#joined.delete(subscriber);
    this.#joining.add(subscriber);
    this.#welcome();
  }

  leave(subscriber: Subscriber): void {
    this.#joined.delete(subscriber);
    this.#joining.delete(subscriber);
    if (this.subscribers === 0) this.#end();
  }

  tick(): void {
    if (this.#over) return;
    const data = this.#feed.delta();
    if (data === undefined) return;
    if (data === 'renew') {
      this.#renew();
      return;
    }
    this.#seq += 1;
    const body = encode(data);
    for (const subscriber of this.#joined) subscriber.delta(this.#seq, this.#frame(this.#deltas, 'delta', subscriber.id, body));
    this.#deltas.clear();
  }

  /** Everybody who is subscribed is told, and it is over. */
  fail(fault: StreamFault): void {
    if (this.#over) return;
    const all = [...this.#joined, ...this.#joining];
    this.#joined.clear();
    this.#joining.clear();
    this.#end();
    for (const subscriber of all) subscriber.failed(fault);
  }

  #renew(): void {
    this.#snapshot = undefined;
    for (const subscriber of this.#joined) this.#joining.add(subscriber);
    this.#joined.clear();
    if (this.#joining.size > 0) this.#welcome();
  }

  #welcome(): void {
    if (this.#snapshot?.seq === this.#seq) {
      this.#give(this.#snapshot.body);
      return;
    }
    if (this.#asking) return;
    const answer = this.#feed.snapshot();
    if (!(answer instanceof Promise)) {
      this.#keep(answer);
      return;
    }
    this.#asking = true;
    void answer.then((late) => {
      this.#asking = false;
      if (this.#over) return;
      if (isStreamFault(late)) this.fail(late);
      else this.#keep(late);
    });
  }

  #keep(data: StreamData): void {
    this.#snapshots.clear();
    const body = encode(data);
    this.#snapshot = { seq: this.#seq, body };
    this.#give(body);
  }

  #give(body: Uint8Array): void {
    for (const subscriber of this.#joining) {
      this.#joining.delete(subscriber);
      this.#joined.add(subscriber);
      const text = this.#frame(this.#snapshots, 'snapshot', subscriber.id, body);
      const { compress: wanted } = subscriber;
      if (wanted === undefined || text.length < STREAM_COMPRESSED_BYTES) subscriber.snapshot(text, false);
      else subscriber.snapshot(this.#compressed(wanted, subscriber.id, text), true);
    }
  }

  #compressed(how: StreamCompression, id: string, text: Uint8Array): Uint8Array {
    const key = `${how} ${id}`;
    let bytes = this.#snapshots.get(key);
    if (bytes === undefined) {
      bytes = how === 'deflate' ? deflateSync(text, { level: 1 }) : compress('zstd', [text])[0]!;
      this.#snapshots.set(key, bytes);
    }
    return bytes;
  }

  #frame(frames: Map<string, Uint8Array>, type: 'snapshot' | 'delta', id: string, body: Uint8Array): Uint8Array {
    // An id is no key of the compressed ones: those have a blank behind their first word, and JSON a quote before it.
    const key = JSON.stringify(id);
    let frame = frames.get(key);
    if (frame === undefined) {
      const head = encoder.encode(
        `{"type":"${type}","id":${key},"seq":${this.#seq}${body.length > EMPTY_OBJECT_BYTES ? ',' : ''}`,
      );
      frame = new Uint8Array(head.length + body.length - 1);
      frame.set(head);
      frame.set(body.subarray(1), head.length);
      frames.set(key, frame);
    }
    return frame;
  }

  #end(): void {
    if (this.#over) return;
    this.#over = true;
    this.#feed.close();
    this.#ended();
  }
}

const encode = (data: StreamData): Uint8Array => (data instanceof Uint8Array ? data : encoder.encode(JSON.stringify(data)));
