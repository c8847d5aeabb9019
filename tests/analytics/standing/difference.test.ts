import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { differenceText, snapshotText } from '../../../analytics/standing/difference.ts';
import type { LikeRows } from '../../../analytics/standing/result-rows.ts';
import { asDelta, sameRows, TwinRows } from '../../support/reference/standing-rows.ts';

const keyed = (entries: readonly (readonly [string, string])[]): Map<string, LikeRows> =>
  new Map(entries.map(([key, text]) => [key, { text: `["${key}","${text}"]`, count: 1 }]));
const counted = (counts: Readonly<Record<string, number>>): Map<string, LikeRows> =>
  new Map(Object.entries(counts).map(([text, count]) => [`["${text}"]`, { text: `["${text}"]`, count }]));

describe('a snapshot', () => {
  it('has every row, those that are alike as often as they are there', () => {
    const columns = [{ name: 'x', type: 'VARCHAR' }];
    expect(JSON.parse(snapshotText({ columns, rows: counted({ b: 2, a: 1 }) }))).toEqual({
      columns,
      rows: [['b'], ['b'], ['a']],
    });
    expect(JSON.parse(snapshotText({ columns, rows: new Map() }))).toEqual({ columns, rows: [] });
  });
});

describe('a difference', () => {
  it('names rows by their key: new ones, those with another content, and those that are gone as they were', () => {
    const before = keyed([
      ['a', '1'],
      ['b', '2'],
      ['c', '3'],
    ]);
    const after = keyed([
      ['d', '4'],
      ['b', '2'],
      ['a', '9'],
    ]);
    expect(JSON.parse(differenceText(before, after) ?? '')).toEqual({
      added: [['d', '4']],
      changed: [['a', '9']],
      removed: [['c', '3']],
    });
  });

  it('counts rows that have no key', () => {
    expect(JSON.parse(differenceText(counted({ a: 3, b: 1, c: 1 }), counted({ a: 1, b: 2, c: 1 })) ?? '')).toEqual({
      added: [['b']],
      removed: [['a'], ['a']],
    });
  });

  it('of nothing is none, in whatever order the rows come', () => {
    expect(
      differenceText(
        keyed([
          ['a', '1'],
          ['b', '2'],
        ]),
        keyed([
          ['b', '2'],
          ['a', '1'],
        ]),
      ),
    ).toBeUndefined();
    expect(differenceText(new Map(), new Map())).toBeUndefined();
  });

  it('applied to what was there makes what is there, of any rows', () => {
    const row = fc.tuple(fc.nat(5), fc.nat(3));
    fc.assert(
      fc.property(fc.array(fc.array(row, { maxLength: 12 }), { minLength: 2, maxLength: 6 }), fc.boolean(), (results, hasKey) => {
        const all = results.map((rows) =>
          hasKey ? rows.filter(([key], at) => rows.findIndex(([k]) => k === key) === at) : rows,
        );
        const maps = all.map((rows) => {
          const map = new Map<string, LikeRows>();
          for (const each of rows) {
            const text = JSON.stringify(each);
            const key = hasKey ? String(each[0]) : text;
            map.set(key, { text, count: (map.get(key)?.count ?? 0) + 1 });
          }
          return map;
        });
        const twin = new TwinRows(hasKey ? [0] : undefined);
        twin.snapshot(all[0]!);
        for (const [at, map] of maps.entries()) {
          if (at === 0) continue;
          twin.apply(asDelta(differenceText(maps[at - 1]!, map)));
          expect(sameRows(twin.rows, all[at]!)).toBe(true);
        }
      }),
      { endOnFailure: true },
    );
  });
});
