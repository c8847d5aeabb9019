import { EXPORT_LIMITS } from '../limits.ts';

/** A point that was told whole, as whoever sends it has it. */
export interface HeldPoint<Content> {
  readonly content: Content;
  /** ns since 1970; 0: it has not arrived. */
  arrivedNs: number;
}

/**
 * The points of a gauge that are told whole. One leaves until it has arrived; from then on now and then, for as long as it
 * stands, so that a collector that began anew knows of it. One that is gone leaves no more.
 */
export class HeldPoints<Content> {
  readonly #held = new Map<string, HeldPoint<Content>>();

  /** Undefined: there is none of this key any more. */
  keep(key: string, content: Content | undefined): void {
    this.#held.delete(key);
    if (content !== undefined) this.#held.set(key, { content, arrivedNs: 0 });
  }

  /** Whether any of it has arrived is not known. */
  repeat(): void {
    for (const held of this.#held.values()) held.arrivedNs = 0;
  }

  /** What is to leave; who sends it says so by `arrivedNs` when it has arrived. */
  due(nowNs: number): readonly HeldPoint<Content>[] {
    const dueNs = nowNs - EXPORT_LIMITS.repeatMs * 1e6;
    return [...this.#held.values()].filter(({ arrivedNs }) => arrivedNs <= dueNs || arrivedNs === 0);
  }
}
