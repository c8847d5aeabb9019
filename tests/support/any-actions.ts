import fc from 'fast-check';
import type { NaiveAction } from './reference/attribute-actions.ts';
import { CLAIM } from './processing.ts';

/** Keys that tests/support/build.ts puts into requests, and one that is in none. */
const key = fc.constantFrom('service.name', 'http.route', 'a', 'ключ', 'none', 'b');
const claimOrKey = fc.oneof({ weight: 8, arbitrary: key }, fc.constant(CLAIM));
const value = fc.oneof(
  fc.constantFrom<unknown>('text', '', 'ключ', true, false, 0, 5, -7, 1.5, 'a'),
  fc.constantFrom<unknown>([], ['x', 1], {}, { k: 'v', n: { m: 2.5 } }),
);
const source = fc.oneof(
  fc.record({ value }),
  fc.record({ from_attribute: claimOrKey }),
  fc.record({ from_attribute: key, default_value: value }),
  fc.record({ from_context: fc.constantFrom('metadata.x-tenant', 'metadata.none', 'X-Tenant') }),
  fc.record({ from_context: fc.constant('metadata.none'), default_value: value }),
);
/** The same to JavaScript and to RE2. */
const keyPattern = fc.constantFrom('a', '^http', 'e$', '.*', '[к-я]+', '^$', 'tenant');

/** Any action of the `attributes` and `resource` processors. */
export const anyAction: fc.Arbitrary<NaiveAction> = fc.oneof(
  fc
    .tuple(claimOrKey, fc.constantFrom('insert', 'update', 'upsert', 'UPSERT'), source)
    .map(([name, action, from]) => ({ key: name, action, ...from })),
  fc.record({ key: claimOrKey, action: fc.constantFrom('delete', 'hash') }),
  fc.record({ action: fc.constantFrom('delete', 'hash'), pattern: keyPattern }),
  fc.record({ key, action: fc.constantFrom('delete', 'hash'), pattern: keyPattern }),
  fc.record({ key: claimOrKey, action: fc.constant('convert'), converted_type: fc.constantFrom('int', 'double', 'string') }),
  fc.record({ key: claimOrKey, action: fc.constant('rename'), from_attribute: claimOrKey }),
  fc.record({
    key,
    action: fc.constant('extract'),
    pattern: fc.constantFrom('^(?P<a>.)(?P<b>.*)$', '(?P<none>[a-z]+)(?:=(?P<tenant>x))?', '(?<b>.)|(?<a>$)'),
  }),
);

/** What the twin expects an action to be called. */
export const lower = (action: NaiveAction): NaiveAction => ({ ...action, action: action.action.toLowerCase() });
