import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CUT, Descent, ENTER, PASS } from '../../../pipeline/otlp/descent.kernel.ts';
import { Splices } from '../../../pipeline/otlp/splices.kernel.ts';
import { SIGNALS, type Signal } from '../../../pipeline/signal.ts';
import { anyRequest, LEVELS } from '../../support/build.ts';
import { encodeOddly, seeded } from '../../support/reference/odd-encoder.ts';
import { decode, type Tree, type Value } from '../../support/reference/otlp.ts';

const DATA = ['gauge', 'sum', 'histogram', 'exponentialHistogram', 'summary'];

/** A naive twin: what is left when the n-th message that a pass meets is cut when `cuts[n]`, and emptied messages with it. */
function without(signal: Signal, request: Tree, cuts: (level: string) => boolean): { tree: Tree; items: number } {
  const [groups, lists, items] = LEVELS[signal];
  let lost = 0;
  const pointsOf = (metric: Tree): [string, Value[]] | undefined => {
    const name = DATA.find((each) => metric[each] !== undefined);
    return name === undefined ? undefined : [name, ((metric[name] as Tree)['dataPoints'] ?? []) as Value[]];
  };
  const itemsIn = (list: Tree): number =>
    ((list[items] ?? []) as Tree[]).reduce(
      (sum, each) => sum + (signal === 'metrics' ? (pointsOf(each)?.[1].length ?? 0) : 1),
      0,
    );
  const keep = (
    children: readonly Value[],
    level: string,
    inner: (child: Tree) => Tree | undefined,
    size: (child: Tree) => number,
  ): Value[] =>
    children.flatMap((child) => {
      if (cuts(level)) {
        lost += size(child as Tree);
        return [];
      }
      return inner(child as Tree) ?? [];
    });
  const within = (
    owner: Tree,
    name: string,
    level: string,
    inner: (child: Tree) => Tree | undefined,
    size: (child: Tree) => number,
  ): Tree | undefined => {
    const before = (owner[name] ?? []) as Value[];
    const after = keep(before, level, inner, size);
    if (after.length === 0 && before.length > 0) return undefined;
    return after.length === 0 ? owner : { ...owner, [name]: after };
  };
  const point = (): number => 1;
  const metric = (each: Tree): Tree | undefined => {
    const data = pointsOf(each);
    if (data === undefined) return each;
    const inner = within(each[data[0]] as Tree, 'dataPoints', 'item', (child) => child, point);
    return inner && { ...each, [data[0]]: inner };
  };
  const list = (each: Tree): Tree | undefined =>
    signal === 'metrics'
      ? within(each, items, 'metric', metric, (child) => pointsOf(child)?.[1].length ?? 0)
      : within(each, items, 'item', (child) => child, point);
  const group = (each: Tree): Tree | undefined => within(each, lists, 'list', list, itemsIn);
  const size = (each: Tree): number => ((each[lists] ?? []) as Tree[]).reduce((sum, child) => sum + itemsIn(child), 0);
  const { [groups]: _all, ...rest } = request;
  const tree = within(request, groups, 'group', group, size) ?? rest;
  return { tree, items: lost };
}

test.each(SIGNALS)(
  'whatever is cut out of a %s request, the rest is what a naive twin leaves, and the items are counted',
  (signal) => {
    fc.assert(
      fc.property(
        anyRequest(signal),
        fc.array(fc.boolean(), { minLength: 1, maxLength: 20 }),
        fc.integer({ min: 1, max: 3 }),
        fc.nat(),
        (tree, choices, rarely, seed) => {
          const bytes = encodeOddly(signal, tree, seeded(seed), { shuffle: true, unknown: true, overlong: true });
          const chooser = (): ((level: string) => boolean) => {
            let next = 0;
            return (level) => choices[next++ % choices.length]! && (level === 'item' || next % rarely === 0);
          };
          const want = without(signal, decode(signal, bytes), chooser());
          const cuts = chooser();
          const splices = new Splices();
          const descent = new Descent(splices);
          const verdict = (level: string): number => (cuts(level) ? CUT : ENTER);
          descent.run(bytes, signal === 'metrics', {
            group: () => verdict('group'),
            list: () => verdict('list'),
            metric: () => verdict('metric'),
            item: () => verdict('item'),
          });
          const out = new Uint8Array(splices.measure(bytes.length));
          expect(splices.write(bytes, new Uint8Array(0), out)).toBe(out.length);
          expect(decode(signal, out)).toEqual(want.tree);
          expect(descent.itemsCut).toBe(want.items);
        },
      ),
      { numRuns: 300, endOnFailure: true },
    );
  },
);

test('lengths around a change grow from one byte to two and to three', () => {
  for (const size of [1, 200, 20_000]) {
    const bytes = Buffer.from('0a040a0212000a020a00', 'hex');
    const splices = new Splices();
    splices.begin(bytes.length);
    splices.enter(1, 1, 2, 6);
    splices.enter(2, 3, 4, 6);
    splices.patch(2, 6, 6, 0, size);
    const out = Buffer.alloc(splices.measure(bytes.length));
    expect(splices.write(bytes, new Uint8Array(size).fill(7), out)).toBe(out.length);
    const field = (content: Buffer): Buffer => {
      const header: number[] = [];
      for (let rest = content.length; ; rest >>>= 7) {
        if (rest < 0x80) {
          header.push(rest);
          break;
        }
        header.push((rest & 0x7f) | 0x80);
      }
      return Buffer.concat([Buffer.from([0x0a, ...header]), content]);
    };
    const inner = field(Buffer.concat([Buffer.from('1200', 'hex'), Buffer.alloc(size, 7)]));
    expect(out).toEqual(Buffer.concat([field(inner), Buffer.from('0a020a00', 'hex')]));
  }
});

test('nothing below is looked at when a level is passed', () => {
  const splices = new Splices();
  const seen: string[] = [];
  const note = (level: string, verdict: number) => () => {
    seen.push(level);
    return verdict;
  };
  new Descent(splices).run(Buffer.from('0a040a00120012021200', 'hex'), false, {
    group: note('group', PASS),
    list: note('list', ENTER),
    metric: note('metric', ENTER),
    item: note('item', ENTER),
  });
  expect(seen).toEqual(['group']);
  expect(splices.count).toBe(0);
});
