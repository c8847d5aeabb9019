/** Chance that can be repeated: sfc32 (public domain, Chris Doty-Humphrey), the same on every machine for the same seed. */
export class Random {
  readonly #seed: string;
  readonly #state: Uint32Array;

  /** Any text is a seed; `fork` makes others of it, so that one use of chance does not move another. */
  constructor(seed: string) {
    this.#seed = seed;
    this.#state = Uint32Array.of(hash(seed, 1), hash(seed, 2), hash(seed, 3), 1);
    for (let i = 0; i < 12; i++) this.next();
  }

  fork(purpose: string): Random {
    return new Random(`${this.#seed}/${purpose}`);
  }

  /** From 0 up to, but not including, 1. */
  next(): number {
    const state = this.#state;
    const [a = 0, b = 0, c = 0, counter = 0] = state;
    const mixed = (a + b + counter) >>> 0;
    state[0] = b ^ (b >>> 9);
    state[1] = c + (c << 3);
    state[2] = ((c << 21) | (c >>> 11)) + mixed;
    state[3] = counter + 1;
    return mixed / 2 ** 32;
  }

  between(low: number, high: number): number {
    return low + this.next() * (high - low);
  }

  /** A whole number from 0 to `count` - 1. */
  below(count: number): number {
    return Math.floor(this.next() * count);
  }

  chance(share: number): boolean {
    return this.next() < share;
  }

  pick<T>(from: readonly [T, ...T[]]): T {
    return from[this.below(from.length)] ?? from[0];
  }

  /** Half of all are below `median`; `spread` is the standard deviation of the logarithm. */
  logNormal(median: number, spread: number): number {
    const normal = Math.sqrt(-2 * Math.log(1 - this.next())) * Math.cos(2 * Math.PI * this.next());
    return median * Math.exp(spread * normal);
  }

  /** How many happen where `mean` are to be expected. */
  poisson(mean: number): number {
    const floor = Math.exp(-mean);
    let count = -1;
    for (let product = 1; product > floor; count++) product *= this.next();
    return count;
  }

  bytes(count: number): Uint8Array {
    return Uint8Array.from({ length: count }, () => this.below(256));
  }

  /** In another order. */
  shuffled<T>(values: readonly T[]): T[] {
    const out = [...values];
    for (let i = out.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      [out[i], out[j]] = [out[j]!, out[i]!];
    }
    return out;
  }
}

/** FNV-1a, from another start for each `salt`. */
function hash(text: string, salt: number): number {
  let value = (0x811c_9dc5 ^ Math.imul(salt, 0x9e37_79b1)) >>> 0;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x0100_0193) >>> 0;
  return value;
}
