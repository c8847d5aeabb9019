import { describe, expect, test } from 'vitest';
import { actionsSchema } from '../../../pipeline/attributes/action-config.ts';
import { matchSchema } from '../../../pipeline/attributes/match-config.ts';

const faultsOf = (schema: typeof actionsSchema | typeof matchSchema, given: unknown): string[] =>
  (schema.safeParse(given).error?.issues ?? []).map(({ path, message }) => `${path.join('.')} ${message}`.trim());

describe('an action', () => {
  test.each([
    [
      { key: 'a', action: 'insert' },
      '0.value is missing; the action insert needs value, from_attribute, from_context or default_value',
    ],
    [
      { key: 'a', action: 'upsert', value: 1, from_attribute: 'b' },
      '0.from_attribute cannot stand beside value: an action has one source',
    ],
    [{ action: 'update', value: 1 }, '0.key is missing; the action update needs it'],
    [{ key: 'a', action: 'delete', value: '' }, '0.value is no option of the action delete'],
    [{ action: 'delete' }, '0.key is missing; the action delete needs it'],
    [{ key: 'a', action: 'delete', value: 1 }, '0.value is no option of the action delete'],
    [{ key: 'a', action: 'insert', value: 1, pattern: 'x' }, '0.pattern is no option of the action insert'],
    [{ key: 'a', action: 'convert' }, '0.converted_type is missing; the action convert needs it'],
    [{ key: 'a', action: 'extract' }, '0.pattern is missing; the action extract needs it'],
    [
      { key: 'a', action: 'extract', pattern: '(x)' },
      '0.pattern has a group without a name; write (?P<name>…), or (?:…) for one that is not kept',
    ],
    [{ key: 'a', action: 'extract', pattern: 'x' }, '0.pattern has no named group, such as (?P<name>…)'],
    [
      { key: 'a', action: 'hash', pattern: '(' },
      '0.pattern is no regular expression (RE2 syntax): a group is not closed at character 1',
    ],
    [{ key: 'a', action: 'rename' }, '0.from_attribute is missing; the action rename needs it'],
    [
      { key: 'a', action: 'insert', from_context: 'auth.subject' },
      '0.from_context auth.subject is not known to processors here; metadata.<header> is',
    ],
    [
      { key: 'a', action: 'insert', value: 2 ** 60 },
      '0.value is a whole number that loses digits; write it in quotes and convert it',
    ],
    [
      { key: 'periscope.scope', action: 'upsert', value: 'x' },
      '0.key "periscope.scope" says whose the data is; no processor may make, change or delete it',
    ],
    [
      { key: 'a', action: 'rename', from_attribute: 'dashboard.scope' },
      '0.action "dashboard.scope" says whose the data is; no processor may make, change or delete it',
    ],
  ])('%j: %s', (action, fault) => {
    expect(faultsOf(actionsSchema, [action])).toEqual([fault]);
  });

  test('may give an empty text', () => {
    expect(faultsOf(actionsSchema, [{ key: 'a', action: 'insert', value: '' }])).toEqual([]);
  });

  test('is known in capitals too, as in the Go collector', () => {
    expect(actionsSchema.parse([{ key: 'a', action: 'DELETE' }])[0]!.action).toBe('delete');
  });
});

describe('include and exclude', () => {
  test.each([
    [{ match_type: 'strict' }, 'needs something to match, such as services or attributes'],
    [
      { match_type: 'strict', span_kinds: ['server'] },
      'span_kinds.0 must be one of SPAN_KIND_INTERNAL, SPAN_KIND_SERVER, SPAN_KIND_CLIENT, SPAN_KIND_PRODUCER, SPAN_KIND_CONSUMER',
    ],
    [
      { match_type: 'regexp', services: ['a', '['] },
      'services.1 is no regular expression (RE2 syntax): a [ is not closed at character 1',
    ],
    [{ match_type: 'regexp', attributes: [{ key: 'a', value: 1 }] }, 'attributes.0 must be a string, for match_type is regexp'],
    [
      { match_type: 'regexp', libraries: [{ name: 'a', version: '(' }] },
      'libraries.0 is no regular expression (RE2 syntax): a group is not closed at character 1',
    ],
  ])('%j: %s', (match, fault) => {
    expect(faultsOf(matchSchema, match)).toEqual([fault]);
  });

  test('take the cache settings of the Go collector', () => {
    expect(
      faultsOf(matchSchema, { match_type: 'regexp', regexp: { cacheenabled: true, cachemaxnumentries: 10 }, services: ['a'] }),
    ).toEqual([]);
  });
});
