import { assert } from '../assert.ts';
import type { Outcome } from '../component.ts';
import type { SegmentSource } from '../compression/matches.ts';
import type { Edits } from '../otlp/edits.ts';
import type { Signal } from '../signal.ts';
import type { Lease } from './lease.ts';
import type { Receipt } from './receipt.ts';

/** Bytes that together are one valid Export…ServiceRequest, made on first need and then shared by all branches. */
export interface Content {
  readonly items: number;
  /** Length of all segments; an upper bound until they are made. */
  readonly byteLength: number;
  readonly segments: readonly Uint8Array[];
  /** What the walk found and nobody has changed yet; gone once batches are merged. */
  readonly edits?: Edits | undefined;
  /** Per segment, how it was made from a compressed request; absent where nothing is known or kept of that. */
  readonly sources?: readonly (SegmentSource | undefined)[] | undefined;
  /** Copies the bytes into `out` from `at` on, where there is room for `byteLength`, without making segments first;
   *  returns where they end. */
  writeTo?(out: Uint8Array, at: number): number;
}

/** What a batch brings along from the requests it was made of. */
interface Carried {
  readonly receipts: readonly Receipt[];
  readonly leases: readonly Lease[];
  readonly metadata: Metadata | undefined;
  readonly claimKeys: readonly Uint8Array[];
}

export type Metadata = Readonly<Record<string, string>>;
const seal = Symbol('seal');

/**
 * A sealed, immutable batch of exactly one scope, shared by every branch it goes to. Only `pipeline/scope` binds one
 * (`bindContent`); processors derive, merge and split, which keep the scope or throw.
 */
export class ScopedBatch {
  readonly #seal: symbol;
  readonly scope: string;
  readonly signal: Signal;
  readonly receipts: readonly Receipt[];
  readonly metadata: Metadata | undefined;
  /** Of the requests whose bytes are in it; who keeps the batch for a branch holds each of them. */
  readonly leases: readonly Lease[];
  /** Attribute keys that claim a scope: no processor may make one. */
  readonly claimKeys: readonly Uint8Array[];
  readonly #content: Content;

  constructor(key: symbol, scope: string, signal: Signal, content: Content, carried: Carried) {
    assert(key === seal, 'a ScopedBatch is made outside pipeline/scope');
    this.#seal = key;
    this.scope = scope;
    this.signal = signal;
    this.#content = content;
    this.receipts = carried.receipts;
    this.leases = carried.leases;
    this.metadata = carried.metadata;
    this.claimKeys = carried.claimKeys;
  }

  static isSealed(value: ScopedBatch): boolean {
    return #seal in value && value.#seal === seal;
  }

  get items(): number {
    return this.#content.items;
  }
  get byteLength(): number {
    return this.#content.byteLength;
  }
  get segments(): readonly Uint8Array[] {
    return this.#content.segments;
  }
  get edits(): Edits | undefined {
    return this.#content.edits;
  }
  /** As Content.sources. */
  get sources(): readonly (SegmentSource | undefined)[] | undefined {
    return this.#content.sources;
  }

  /** As Content.writeTo. */
  writeTo(out: Uint8Array, at: number): number {
    if (this.#content.writeTo !== undefined) return this.#content.writeTo(out, at);
    let to = at;
    for (const segment of this.#content.segments) {
      out.set(segment, to);
      to += segment.length;
    }
    return to;
  }
}

/** Only for `pipeline/scope` (tests/tidy.test.ts keeps it so): every other batch comes from one that exists. */
export function bindContent(scope: string, signal: Signal, content: Content, receipt: Receipt, metadata?: Metadata): ScopedBatch {
  const walk = content.edits?.walk;
  const leases = walk === undefined ? [] : [walk.lease];
  const claimKeys = walk?.inspection.claimKeys ?? [];
  return new ScopedBatch(seal, scope, signal, content, { receipts: [receipt], leases, metadata, claimKeys });
}

/** The same batch with other content: what a processor that changes something emits. Holds the same receipts and leases. */
export function derive(batch: ScopedBatch, content: Content): ScopedBatch {
  return new ScopedBatch(seal, batch.scope, batch.signal, content, batch);
}

/** A batch like `batch` that holds `receipts` and `leases` in the place of its own: for who copies its bytes. */
export function restate(
  batch: ScopedBatch,
  content: Content,
  receipts: readonly Receipt[],
  leases: readonly Lease[],
): ScopedBatch {
  const { metadata, claimKeys } = batch;
  return new ScopedBatch(seal, batch.scope, batch.signal, content, { receipts, leases, metadata, claimKeys });
}

/** One batch of several: requests of one message type concatenate to a valid request. Throws when scopes differ. */
export function merge(batches: readonly ScopedBatch[]): ScopedBatch {
  const first = batches[0];
  assert(first !== undefined, 'nothing is merged');
  if (batches.length === 1) return first;
  let items = 0;
  let byteLength = 0;
  const segments: Uint8Array[] = [];
  const isPacked = batches.some((batch) => batch.sources !== undefined);
  const sources: (SegmentSource | undefined)[] = [];
  const receipts: Receipt[] = [];
  const leases: Lease[] = [];
  for (const batch of batches) {
    assert(batch.scope === first.scope && batch.signal === first.signal, 'batches of two scopes or signals are merged');
    items += batch.items;
    batch.segments.forEach((segment, i) => {
      segments.push(segment);
      byteLength += segment.length;
      if (isPacked) sources.push(batch.sources?.[i]);
    });
    for (const receipt of batch.receipts) receipts.push(receipt);
    for (const lease of batch.leases) leases.push(lease);
  }
  return new ScopedBatch(
    seal,
    first.scope,
    first.signal,
    isPacked ? { items, byteLength, segments, sources } : { items, byteLength, segments },
    { receipts, leases, metadata: first.metadata, claimKeys: first.claimKeys },
  );
}

/** Parts of one batch; every receipt and lease is held once by each part. */
export function split(batch: ScopedBatch, parts: readonly Content[]): ScopedBatch[] {
  assert(parts.length > 0, 'a batch is split into nothing');
  for (const receipt of batch.receipts) receipt.retain(parts.length - 1);
  for (const lease of batch.leases) lease.retain(parts.length - 1);
  return parts.map((content) => derive(batch, content));
}

/** A branch is done with the batch. `clean`: it is certain that nobody on that branch reads the bytes any more. */
export function letGo(batch: ScopedBatch, outcome: Outcome | undefined, clean: boolean): void {
  if (outcome !== undefined) for (const receipt of batch.receipts) receipt.release(outcome);
  for (const lease of batch.leases) lease.release(clean);
}
