import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalKey, entriesOf } from '../../../../agent/instrument/metrics/attribute-set.ts';
import { AttributeTrie } from '../../../../agent/instrument/metrics/trie.ts';
import { textOf } from '../../../support/metric-points.ts';

const value = fc.oneof(fc.constantFrom('', 'a', 'b', '1', 'true'), fc.constantFrom(0, 1, 1.5, -1), fc.boolean());
const set = fc.dictionary(fc.constantFrom('a', 'b', 'c', '1', '2', 'length'), value, { maxKeys: 4, noNullPrototype: true });
const shuffled = set.chain((attributes) =>
  fc
    .shuffledSubarray(Object.entries(attributes), { minLength: Object.keys(attributes).length })
    .map((entries) => Object.fromEntries(entries) as typeof attributes),
);
const plain = (attributes: unknown) => entriesOf(attributes, undefined, () => undefined);

describe('the trie of attributes', () => {
  it('finds what was added for the same set in any order, as a map by sorted JSON does', () => {
    fc.assert(
      fc.property(fc.array(shuffled, { maxLength: 60 }), (sets) => {
        const trie = new AttributeTrie<object>(10_000, undefined);
        const ends = new Map<string, object>();
        const twin = new Map<string, object>();
        for (const attributes of sets) {
          const text = textOf(attributes);
          const expected = twin.get(text) ?? {};
          twin.set(text, expected);
          const key = canonicalKey(plain(attributes));
          const end = ends.get(key) ?? expected;
          ends.set(key, end);
          const found = trie.find(attributes);
          expect(found === undefined || found === expected).toBe(true);
          trie.add(plain(attributes), end);
          expect(trie.find(attributes)).toBe(expected);
        }
        expect(ends.size).toBe(twin.size);
      }),
      { endOnFailure: true },
    );
  });

  it('does not find a set of which it only knows the beginning, or more', () => {
    const trie = new AttributeTrie<string>(100, undefined);
    trie.add(plain({ a: 1, b: 2 }), 'both');
    expect(trie.find({ a: 1 })).toBeUndefined();
    expect(trie.find({ a: 1, b: 2, c: 3 })).toBeUndefined();
    expect(trie.find({})).toBeUndefined();
    expect(trie.find(undefined)).toBeUndefined();
    trie.add([], 'none');
    expect(trie.find({})).toBe('none');
    expect(trie.find(undefined)).toBe('none');
    expect(trie.find({ a: undefined })).toBe('none');
  });

  it('tells numbers, texts and truth apart', () => {
    const trie = new AttributeTrie<string>(100, undefined);
    trie.add(plain({ a: 1 }), 'number');
    trie.add(plain({ a: '1' }), 'text');
    trie.add(plain({ a: true }), 'truth');
    expect([{ a: 1 }, { a: '1' }, { a: true }, { a: 'true' }].map((each) => trie.find(each))).toEqual([
      'number',
      'text',
      'truth',
      undefined,
    ]);
  });

  it('takes no more nodes than it may, and goes on to find what it has', () => {
    const trie = new AttributeTrie<number>(10, undefined);
    for (let i = 0; i < 1000; i++) trie.add(plain({ a: i, b: i }), i);
    expect(trie.nodes).toBeLessThanOrEqual(10);
    expect(trie.find({ a: 0, b: 0 })).toBe(0);
    expect(trie.find({ a: 999, b: 999 })).toBeUndefined();
  });

  it('does not take inherited attributes for own ones', () => {
    const trie = new AttributeTrie<string>(100, undefined);
    trie.add(plain({ a: 1, b: 2 }), 'both');
    expect(trie.find(Object.assign(Object.create({ b: 2 }) as object, { a: 1 }))).toBeUndefined();
    expect(trie.find(Object.assign(Object.create(null) as object, { a: 1, b: 2 }))).toBe('both');
  });

  it('passes over what is not allowed, so that it costs no nodes', () => {
    const trie = new AttributeTrie<string>(10, new Set(['a']));
    trie.add([['a', 1]], 'one');
    for (let user = 0; user < 100; user++) expect(trie.find({ user, a: 1 })).toBe('one');
  });

  it('keeps no way for an array or for NaN, which are equal to no other', () => {
    const trie = new AttributeTrie<string>(100, undefined);
    const list = ['x'];
    expect(trie.add(plain({ list }), 'list')).toBe(false);
    expect(trie.add(plain({ a: Number.NaN }), 'nan')).toBe(false);
    expect(trie.find({ list })).toBeUndefined();
    expect(trie.nodes).toBe(0);
  });
});
