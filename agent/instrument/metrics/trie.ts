import type { AttributeValue } from '@opentelemetry/api';
import type { Entry } from './attribute-set.ts';
import type { AttributeFilter } from './contract.ts';

/** The children of a node by another key than its first. */
type Branches<T> = Map<string, Map<AttributeValue, TrieNode<T>>>;

/**
 * A place between two attributes. Nearly always one key follows and often one value, so the first of each stands in the
 * node itself; maps are made when a second comes.
 */
class TrieNode<T> {
  leaf: T | undefined = undefined;
  key: string | undefined = undefined;
  value: AttributeValue | undefined = undefined;
  child: TrieNode<T> | undefined = undefined;
  children: Map<AttributeValue, TrieNode<T>> | undefined = undefined;
  others: Branches<T> | undefined = undefined;
}

/**
 * From attributes, in the order in which a caller writes them, to what belongs to them: one step per attribute, no text is
 * built, nothing sorted. Another order is another way; `add` leads it to the same end. Only what was added is found.
 */
export class AttributeTrie<T> {
  readonly #root = new TrieNode<T>();
  readonly #nodesMax: number;
  readonly #allowed: AttributeFilter | undefined;
  #nodes = 0;

  /** Attributes that are not `allowed` are passed over. */
  constructor(nodesMax: number, allowed: AttributeFilter | undefined) {
    this.#nodesMax = nodesMax;
    this.#allowed = allowed;
  }

  get nodes(): number {
    return this.#nodes;
  }

  /** Undefined for what was never added, and for attributes that are no plain object: those may inherit some. */
  find(attributes: Readonly<Record<string, unknown>> | undefined | null): T | undefined {
    let node: TrieNode<T> | undefined = this.#root;
    if (attributes === undefined || attributes === null) return node.leaf;
    const prototype: unknown = Object.getPrototypeOf(attributes);
    if (prototype !== Object.prototype && prototype !== null) return undefined;
    const allowed = this.#allowed;
    for (const key in attributes) {
      const value = attributes[key] as AttributeValue | undefined | null;
      if (value === undefined || value === null) continue;
      if (allowed !== undefined && !allowed.has(key)) continue;
      if (node.key !== key) node = node.others?.get(key)?.get(value);
      else if (node.value === value) node = node.child;
      else node = node.children?.get(value);
      if (node === undefined) return undefined;
    }
    return node.leaf;
  }

  /** Lets `find` find `leaf` for these attributes in this order, if there is room: `share` of all nodes may be used. */
  add(entries: readonly Entry[], leaf: T, share = 1): boolean {
    // An array is equal to no other, NaN not to itself: nobody would come this way again.
    if (entries.some(([, value]) => typeof value === 'object' || Number.isNaN(value))) return false;
    if (this.#nodes + entries.length > this.#nodesMax * share) return false;
    let node = this.#root;
    for (const [key, value] of entries) node = this.#step(node, key, value);
    node.leaf = leaf;
    return true;
  }

  #step(node: TrieNode<T>, key: string, value: AttributeValue): TrieNode<T> {
    if (node.key === undefined) {
      node.key = key;
      node.value = value;
      node.child = this.#node();
      return node.child;
    }
    if (node.key === key) {
      if (node.value === value && node.child !== undefined) return node.child;
      node.children ??= new Map();
      return this.#in(node.children, value);
    }
    node.others ??= new Map();
    let children = node.others.get(key);
    if (children === undefined) node.others.set(key, (children = new Map()));
    return this.#in(children, value);
  }

  #in(children: Map<AttributeValue, TrieNode<T>>, value: AttributeValue): TrieNode<T> {
    let child = children.get(value);
    if (child === undefined) children.set(value, (child = this.#node()));
    return child;
  }

  #node(): TrieNode<T> {
    this.#nodes += 1;
    return new TrieNode<T>();
  }
}
