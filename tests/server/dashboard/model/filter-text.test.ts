import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { filterConditions, filterText, parseFilter, withCondition } from '../../../../server/dashboard/model/filter-text.ts';

const COLUMNS = { text: 'Body', names: { service: 'ServiceName' }, maps: ['LogAttributes', 'ResourceAttributes'] };

describe('a search', () => {
  it.each([
    ['', [], []],
    ['refused card', ['refused', 'card'], []],
    ['"card declined" now', ['card declined', 'now'], []],
    [
      'service:cart http.route=/pay',
      [],
      [
        ['service', false, 'cart'],
        ['http.route', false, '/pay'],
      ],
    ],
    ['status!=200 x', ['x'], [['status', true, '200']]],
    ['name="POST /pay"', [], [['name', false, 'POST /pay']]],
    ['see https://example.com at 12:30', ['see', 'https://example.com', 'at', '12:30'], []],
    ['"unclosed phrase', ['unclosed phrase'], []],
    ['a="say \\"hi\\""', [], [['a', false, 'say "hi"']]],
  ])('%o is read', (typed, words, conditions) => {
    const read = parseFilter(typed);
    expect(read.words).toEqual(words);
    expect(read.conditions.map(({ key, not, value }) => [key, not, value])).toEqual(conditions);
  });

  it('is read back as it was written', () => {
    const value = fc.string({ minLength: 1, unit: fc.constantFrom(...'ab ="\\:!/.1%é') });
    const condition = fc.record({ key: fc.stringMatching(/^[a-z][\w.]{0,6}$/), not: fc.boolean(), value });
    fc.assert(
      fc.property(fc.array(value), fc.array(condition), (words, conditions) => {
        expect(parseFilter(filterText({ words, conditions }))).toEqual({ words, conditions });
      }),
      { endOnFailure: true },
    );
  });

  it('takes a condition once', () => {
    const typed = withCondition('declined', 'order.id', 'a b');
    expect(typed).toBe('order.id="a b" declined');
    expect(withCondition(typed, 'order.id', 'a b')).toBe(typed);
  });

  it('becomes conditions in which nothing typed is SQL', () => {
    expect(filterConditions(parseFilter("it's service:cart k!=v"), COLUMNS)).toEqual([
      "contains(lower(Body), 'it''s')",
      "ServiceName = 'cart'",
      "NOT coalesce(LogAttributes['k'] = 'v' OR ResourceAttributes['k'] = 'v', false)",
    ]);
  });
});
