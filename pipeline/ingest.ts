import type { Principal } from './auth.ts';
import type { Refusal } from './component.ts';

/** Who brings something, and from where. */
export interface IngestSender {
  readonly principal: Principal;
  /** The value of SCOPE_HEADER, '' without one. */
  readonly chosen: string;
  readonly remoteAddress: string;
}

/** What became of the things that were brought. */
export interface Ingested {
  readonly ok: true;
  readonly accepted: number;
  /** `items` of those at the places `rows`, from 0; mostly all of them. */
  readonly rejected: readonly {
    readonly rows: readonly number[];
    readonly items: number;
    readonly reason: string;
    readonly message: string;
  }[];
}

/** A receiver that takes what comes over somebody else's listener: the API's. */
export interface IngestPoint {
  /** `values` is unchecked. Never rejects. */
  take(values: readonly unknown[], sender: IngestSender): Promise<Ingested | Refusal>;
}

/** The receivers of this process that take things by name (`Host.ingest`). */
export class IngestPoints {
  readonly #points = new Map<string, IngestPoint[]>();

  /** From here on `point` takes what is for `name`; while a configuration takes over there are two, and the later one does.
   *  Returns the way back, which is safe twice. */
  open(name: string, point: IngestPoint): () => void {
    this.#points.set(name, [...(this.#points.get(name) ?? []), point]);
    return () => {
      const left = (this.#points.get(name) ?? []).filter((each) => each !== point);
      this.#points.set(name, left);
    };
  }

  find(name: string): IngestPoint | undefined {
    return this.#points.get(name)?.at(-1);
  }
}
