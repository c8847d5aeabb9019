import type { KeyObject } from 'node:crypto';
import { isSignedBy, type Checkpoint } from './checkpoint.ts';
import { keysOf, type Rotation } from './rotation.ts';

/** The key that whoever verifies believes. */
export interface PinnedKey {
  readonly publicKey: KeyObject;
  readonly fingerprint: string;
}

/** What one key may sign: records after `afterSeq`, of which the last is `throughSeq`. */
interface Term {
  readonly publicKey: KeyObject;
  afterSeq: number;
  throughSeq: number;
}

/** A rotation whose signatures hold. */
interface Proven {
  readonly rotation: Rotation['rotation'];
  readonly from: KeyObject;
  readonly to: KeyObject;
}

/**
 * The keys that signed a log, one after the other, each rotation signed by both of its keys. One key of them is pinned:
 * those after it are endorsed by it, those before it are vouched for by what they handed over.
 */
export class KeyChain {
  readonly #terms = new Map<string, Term>();
  /** What is wrong with the rotations. */
  readonly fault: string | undefined;

  constructor({ publicKey, fingerprint }: PinnedKey, rotations: readonly Rotation[]) {
    this.#terms.set(fingerprint, { publicKey, afterSeq: -1, throughSeq: Infinity });
    this.fault = this.#follow(fingerprint, rotations);
  }

  /** Fingerprints, the first key first. */
  get keys(): string[] {
    return [...this.#terms]
      .toSorted(([, one], [, other]) => one.afterSeq - other.afterSeq || one.throughSeq - other.throughSeq)
      .map(([key]) => key);
  }

  /** Undefined when the checkpoint is one that its key could sign and did. */
  checkpointFault(checkpoint: Checkpoint): string | undefined {
    const where = `checkpoint of record ${checkpoint.seq} (${checkpoint.time})`;
    const term = this.#terms.get(checkpoint.key);
    if (term === undefined) return `${where}: it was signed by another key, ${checkpoint.key}, that no rotation endorses`;
    if (checkpoint.seq > term.throughSeq)
      return `${where}: it was signed by ${checkpoint.key}, which had handed over at record ${term.throughSeq}`;
    if (checkpoint.seq < term.afterSeq)
      return `${where}: it was signed by ${checkpoint.key}, which took over at record ${term.afterSeq}`;
    return isSignedBy(checkpoint, term.publicKey) ? undefined : `${where}: its signature is wrong: it was changed`;
  }

  /** Undefined when a segment whose first record is `seq` could name that key. */
  segmentFault(key: string, seq: number): string | undefined {
    const term = this.#terms.get(key);
    if (term === undefined) return `its checkpoints are signed by another key, ${key}, that no rotation endorses`;
    return seq > term.afterSeq && seq <= term.throughSeq
      ? undefined
      : `it names the key ${key}, which signs records ${term.afterSeq + 1} to ${term.throughSeq}: a rotation was moved or forged`;
  }

  #follow(pinned: string, rotations: readonly Rotation[]): string | undefined {
    const outOf = new Map<string, Proven>();
    const into = new Map<string, Proven>();
    for (const each of distinct(rotations)) {
      const { rotation } = each;
      const keys = keysOf(each);
      if (keys === undefined) return `${whereOf(rotation)}: a signature is wrong: it was changed or forged`;
      if (outOf.has(rotation.key)) return `${whereOf(rotation)}: the key ${rotation.key} has handed over to another one, too`;
      if (into.has(rotation.next_key))
        return `${whereOf(rotation)}: the key ${rotation.next_key} took over from another one, too`;
      const proven = { rotation, ...keys };
      outOf.set(rotation.key, proven);
      into.set(rotation.next_key, proven);
    }
    const fault = this.#forward(pinned, outOf) ?? this.#backward(pinned, into);
    if (fault !== undefined) return fault;
    const stray = [...outOf.values()].find(({ rotation }) => !this.#terms.has(rotation.key));
    return stray === undefined
      ? undefined
      : `${whereOf(stray.rotation)}: the key ${stray.rotation.key} is another one, that no rotation endorses`;
  }

  #forward(pinned: string, outOf: ReadonlyMap<string, Proven>): string | undefined {
    let term = this.#terms.get(pinned)!;
    for (let next = outOf.get(pinned); next !== undefined; next = outOf.get(next.rotation.next_key)) {
      const { seq, next_key } = next.rotation;
      if (this.#terms.has(next_key)) return `${whereOf(next.rotation)}: the key ${next_key} has signed before: none comes back`;
      if (seq < term.afterSeq) return `${whereOf(next.rotation)}: its key took over only at record ${term.afterSeq}`;
      term.throughSeq = seq;
      term = { publicKey: next.to, afterSeq: seq, throughSeq: Infinity };
      this.#terms.set(next_key, term);
    }
    return undefined;
  }

  /** A way back that ends in the keys of the way forward would be a circle, which that way has found. */
  #backward(pinned: string, into: ReadonlyMap<string, Proven>): string | undefined {
    let term = this.#terms.get(pinned)!;
    for (let before = into.get(pinned); before !== undefined; before = into.get(before.rotation.key)) {
      const { seq, key } = before.rotation;
      if (seq > term.throughSeq)
        return `${whereOf(before.rotation)}: the key it endorses had handed over at record ${term.throughSeq}`;
      term.afterSeq = seq;
      term = { publicKey: before.from, afterSeq: -1, throughSeq: seq };
      this.#terms.set(key, term);
    }
    return undefined;
  }
}

const whereOf = ({ seq, time }: Rotation['rotation']): string => `rotation of the key at record ${seq} (${time})`;

/** Copies that were kept elsewhere hold the same ones. */
function distinct(rotations: readonly Rotation[]): Rotation[] {
  return [...new Map(rotations.map((each) => [JSON.stringify(each), each])).values()];
}
