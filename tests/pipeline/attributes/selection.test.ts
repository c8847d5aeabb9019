import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { matchSchema } from '../../../pipeline/attributes/match-config.ts';
import { Selection } from '../../../pipeline/attributes/selection.ts';
import { Descent, ENTER, PASS } from '../../../pipeline/otlp/descent.kernel.ts';
import { Splices } from '../../../pipeline/otlp/splices.kernel.ts';
import { encode, gauge, logRecord, point, request, span } from '../../support/build.ts';
import type { Signal } from '../../../pipeline/signal.ts';
import type { Tree } from '../../support/reference/otlp.ts';

interface Wanted {
  readonly service: string | undefined;
  readonly name: string | undefined;
  readonly attribute: string | undefined;
}

const one = fc.option(fc.constantFrom('a', 'b'), { nil: undefined });
/** What an include or exclude asks for; undefined when it is not there. */
const wanted = fc.option(
  fc.record({ service: one, name: one, attribute: one }).filter((each) => Object.values(each).some(Boolean)),
  { nil: undefined },
);
const letter = fc.constantFrom('a', 'b', 'c');

const matchOf = (match: Wanted | undefined) =>
  match === undefined
    ? undefined
    : matchSchema.parse({
        match_type: 'strict',
        services: match.service === undefined ? [] : [match.service],
        span_names: match.name === undefined ? [] : [match.name],
        attributes: match.attribute === undefined ? [] : [{ key: 'k', value: match.attribute }],
      });

const fits = (match: Wanted, service: string, name: string, attribute: string): boolean =>
  (match.service ?? service) === service && (match.name ?? name) === name && (match.attribute ?? attribute) === attribute;

/** How many items are chosen, and the field their attributes were looked for in. */
function chosen(selection: Selection, signal: Signal, groups: readonly { resource: object; items: readonly Tree[] }[]): number[] {
  const fields: number[] = [];
  selection.begin(signal);
  new Descent(new Splices()).run(encode(signal, request(signal, groups as never)), signal === 'metrics', {
    group: (at) => (selection.group(at) ? ENTER : PASS),
    list: (at) => (selection.list(at) ? ENTER : PASS),
    metric: (at) => (selection.metric(at) ? ENTER : PASS),
    item: (at) => {
      if (selection.item(at)) fields.push(selection.attributes);
      return PASS;
    },
  });
  return fields;
}

describe('a selection', () => {
  test('chooses the items that match all of include and not all of exclude, whatever stood before them', () => {
    const group = fc.tuple(letter, fc.array(fc.tuple(letter, letter), { maxLength: 4 }));
    fc.assert(
      fc.property(wanted, wanted, fc.array(group, { maxLength: 5 }), (include, exclude, groups) => {
        const expected = groups.flatMap(([service, items]) =>
          items.filter(
            ([name, attribute]) =>
              (include === undefined || fits(include, service, name, attribute)) &&
              !(exclude !== undefined && fits(exclude, service, name, attribute)),
          ),
        );
        const built = groups.map(([service, items]) => ({
          resource: { 'service.name': service },
          items: items.map(([name, attribute]) => span({ k: attribute }, { name })),
        }));
        expect(chosen(new Selection(matchOf(include), matchOf(exclude)), 'traces', built)).toHaveLength(expected.length);
      }),
      { endOnFailure: true },
    );
  });

  test('knows where the attributes of each signal stand', () => {
    const match = { match_type: 'strict', attributes: [{ key: 'k' }] };
    const selection = new Selection(matchSchema.parse(match), undefined);
    const of = (items: readonly Tree[]) => [{ resource: {}, items }];
    expect(chosen(selection, 'logs', of([logRecord({ k: 'x' }), logRecord({})]))).toEqual([6]);
    expect(chosen(selection, 'metrics', of([gauge('g', [point({ k: 'x' }), point({})])]))).toEqual([7]);
    expect(chosen(selection, 'traces', of([span({ k: 'x' }), span({})]))).toEqual([9]);
  });
});
