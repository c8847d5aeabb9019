import { BodySource } from './body-source.ts';
import { type Attributes, decodeItems, type Item } from './decode.ts';
import { scopeOfBody } from './tokens.ts';
import type { Workload } from './workload.ts';

/** What a system under test is told to do with each item, besides forwarding it. */
export interface Work {
  /** Value of the scope attribute put on each resource. */
  readonly scope?: string;
  /** Instead of it: so many tenants take turns, body by body, each with its token. */
  readonly scopes?: number;
  /** Keys and values of attributes are cleaned. */
  readonly clean: boolean;
}

export const SCOPE_KEY = 'periscope.scope';
const VALUE_CHARACTERS = 1024;

export interface Comparison {
  readonly items: number;
  /** Items that were not sent like this, or arrived twice. */
  readonly changedItems: number;
  /** The first of those, in words. */
  readonly fault?: string;
}

/**
 * Compares what arrived with what must have: rebuilds the body that each item came in and looks for it there. An item
 * that was changed, made up or sent twice is a fault; one that did not arrive shows in the counts instead.
 */
export function compareArrived(workload: Workload, work: Work, arrived: readonly Buffer[]): Comparison {
  const expected = new ExpectedItems(workload, work);
  let fault: string | undefined;
  let items = 0;
  let changedItems = 0;
  for (const body of arrived) {
    for (const item of decodeItems(workload.signal, body)) {
      items++;
      if (expected.take(item)) continue;
      changedItems++;
      fault ??= `not sent like this, or twice: ${printable(describe(item))}`;
    }
  }
  return { items, changedItems, ...(fault === undefined ? {} : { fault }) };
}

class ExpectedItems {
  readonly #source: BodySource;
  readonly #workload: Workload;
  readonly #work: Work;
  readonly #bodies = new Map<number, Set<string>>();
  readonly #out: Buffer;

  constructor(workload: Workload, work: Work) {
    this.#workload = workload;
    this.#work = work;
    this.#source = new BodySource(workload);
    this.#out = Buffer.alloc(this.#source.maxBytes);
  }

  /** True when this item was sent and has not been taken before. */
  take(item: Item): boolean {
    return this.#bodyOf(item).delete(describe(item));
  }

  #bodyOf(item: Item): Set<string> {
    const number = this.#source.numberOf(item.timeLow);
    let body = this.#bodies.get(number);
    if (!body) {
      const view = new DataView(this.#out.buffer, this.#out.byteOffset, this.#out.length);
      const end = this.#source.write(number, this.#out, view, 0);
      const sent = decodeItems(this.#workload.signal, this.#out.subarray(0, end));
      const { scopes } = this.#work;
      const work = scopes === undefined ? this.#work : { ...this.#work, scope: scopeOfBody(number, scopes) };
      body = new Set(sent.map((one) => describe(changed(one, work))));
      this.#bodies.set(number, body);
    }
    return body;
  }
}

function changed(item: Item, work: Work): Item {
  const resource = new Map(work.clean ? cleaned(item.resource) : item.resource);
  if (work.scope !== undefined) resource.set(SCOPE_KEY, work.scope);
  return { ...item, resource, attributes: work.clean ? cleaned(item.attributes) : item.attributes };
}

function cleaned(attributes: Attributes): Attributes {
  return new Map(
    [...attributes].map(([key, value]) => [
      key.replace(/[^\w.-]/g, '_'),
      // eslint-disable-next-line no-control-regex -- control characters are what is being replaced
      value.replace(/[\u0000-\u001f\u007f]/g, ' ').slice(0, VALUE_CHARACTERS),
    ]),
  );
}

function describe(item: Item): string {
  const sorted = (attributes: Attributes): string => JSON.stringify([...attributes].sort(([a], [b]) => (a < b ? -1 : 1)));
  return `${sorted(item.resource)} ${sorted(item.attributes)} ${item.rest}`;
}

function printable(text: string): string {
  return text.replace(/[^ -~]+/g, '?');
}
