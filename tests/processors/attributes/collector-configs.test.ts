import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { create } from '../../../processors/attributes/attributes.ts';
import { config } from '../../../processors/attributes/config.ts';
import { config as resourceConfig } from '../../../processors/resource/config.ts';
import { create as createResource } from '../../../processors/resource/resource.ts';
import { encode, logRecord, request, span, type Attributes } from '../../support/build.ts';
import { processed } from '../../support/processing.ts';
import { itemsOf } from '../../support/items.ts';
import type { Tree } from '../../support/reference/otlp.ts';
import { scopedBatch } from '../../support/scoped-batches.ts';

/**
 * Configurations of the Go collector's documentation (contrib v0.155, attributesprocessor/testdata/config.yaml and
 * resourceprocessor/testdata/config.yaml) with what their comments say they do.
 */
interface SpanSpec {
  readonly service?: string;
  readonly name?: string;
  readonly attributes: Attributes;
}

function spans(yaml: string, specs: readonly SpanSpec[]): unknown[] {
  const processor = create(config.parse(parse(yaml)));
  const bytes = encode(
    'traces',
    request(
      'traces',
      specs.map(({ service, name, attributes }) => ({
        resource: service === undefined ? {} : { 'service.name': service },
        items: [span(attributes, name === undefined ? {} : { name })],
      })),
    ),
  );
  const { tree } = processed(processor, scopedBatch('traces', [bytes], specs.length));
  return itemsOf('traces', tree!).map(({ item }) => plain(item));
}

function plain(owner: Tree): Record<string, unknown> {
  return Object.fromEntries(
    ((owner['attributes'] ?? []) as Tree[]).map((each) => [each['key'], Object.values(each['value'] as Tree)[0]]),
  );
}

describe('spans', () => {
  test('attributes/regex_insert', () => {
    const yaml = String.raw`
actions:
  - key: "http.url"
    pattern: ^(?P<http_protocol>.*):\/\/(?P<http_domain>.*)\/(?P<http_path>.*)(\?|\&)(?P<http_query_params>.*)
    action: extract`;
    // The group of the example has no name: the Go collector refuses to start with it, and so do we.
    expect(() => spans(yaml, [])).toThrow('a group without a name');
    expect(
      spans(yaml.replace(String.raw`(\?|\&)`, String.raw`(?:\?|\&)`), [
        { attributes: { 'http.url': 'http://example.com/path?queryParam1=value1,queryParam2=value2' } },
      ]),
    ).toEqual([
      {
        'http.url': 'http://example.com/path?queryParam1=value1,queryParam2=value2',
        http_protocol: 'http',
        http_domain: 'example.com',
        http_path: 'path',
        http_query_params: 'queryParam1=value1,queryParam2=value2',
      },
    ]);
  });

  test('attributes/excludemulti', () => {
    const yaml = `
exclude:
  match_type: strict
  services: ["svcA", "svcB"]
  attributes:
    - {key: env, value: "dev"}
    - {key: test_request}
actions:
  - key: credit_card
    action: delete
  - key: duplicate_key
    action: delete`;
    const card = { credit_card: 1234n };
    expect(
      spans(yaml, [
        { service: 'svcB', attributes: { env: 'dev', test_request: 123n, ...card } },
        { service: 'svcA', attributes: { env: 'dev', test_request: false } },
        { service: 'svcB', attributes: { env: 1n, test_request: 'dev', ...card } },
        { service: 'svcC', attributes: { env: 'dev', test_request: false, ...card } },
      ]),
    ).toEqual([
      { env: 'dev', test_request: 123n, ...card },
      { env: 'dev', test_request: false },
      { env: 1n, test_request: 'dev' },
      { env: 'dev', test_request: false },
    ]);
  });

  test('attributes/selectiveprocessing', () => {
    const yaml = `
include:
  match_type: strict
  services: ["svcA", "svcB"]
exclude:
  match_type: strict
  attributes:
    - { key: redact_trace, value: false}
actions:
  - key: credit_card
    action: delete
  - key: duplicate_key
    action: delete`;
    const card = { credit_card: 1234n };
    expect(
      spans(yaml, [
        { service: 'svcB', attributes: { ...card, redact_trace: 'false' } },
        { service: 'svcA', attributes: { ...card, redact_trace: true } },
        { service: 'svcB', attributes: { ...card, redact_trace: false } },
        { service: 'svcC', attributes: { ...card } },
      ]),
    ).toEqual([{ redact_trace: 'false' }, { redact_trace: true }, { ...card, redact_trace: false }, card]);
  });

  test('attributes/complex', () => {
    const yaml = `
actions:
  - key: operation
    value: default
    action: insert
  - key: svc.operation
    from_attribute: operation
    action: upsert
  - key: operation
    action: delete`;
    expect(
      spans(yaml, [
        { attributes: { timeout: 10n, 'svc.operation': 'addition', operation: 'addition' } },
        { attributes: { operation: 'subtract', math_value: 123n } },
        { attributes: { timeout: 10n, math_value: 4n } },
        { attributes: { 'svc.operation': 'division', timeout: 3n } },
      ]),
    ).toEqual([
      { timeout: 10n, 'svc.operation': 'addition' },
      { 'svc.operation': 'subtract', math_value: 123n },
      { 'svc.operation': 'default', timeout: 10n, math_value: 4n },
      { 'svc.operation': 'default', timeout: 3n },
    ]);
  });

  test('attributes/example', () => {
    const yaml = `
actions:
  - key: db.table
    action: delete
  - key: redacted_span
    value: true
    action: upsert
  - key: copy_key
    from_attribute: key_original
    action: update
  - key: account_id
    value: 2245
    action: insert
  - key: account_password
    action: delete`;
    expect(
      spans(yaml, [{ attributes: { 'db.table': 't', copy_key: 'old', key_original: 'new', account_password: 'x' } }]),
    ).toEqual([{ copy_key: 'new', key_original: 'new', redacted_span: true, account_id: 2245n }]);
  });

  test('attributes/regexp', () => {
    const yaml = `
include:
  match_type: regexp
  services: ["auth.*"]
exclude:
  match_type: regexp
  span_names: ["login.*"]
actions:
  - key: password
    action: update
    value: "obfuscated"
  - key: token
    action: delete`;
    const secret = { password: 'p', token: 't' };
    expect(
      spans(yaml, [
        { service: 'auth-1', name: 'logout', attributes: secret },
        { service: 'auth-1', name: 'login-2', attributes: secret },
        { service: 'other', name: 'logout', attributes: secret },
      ]),
    ).toEqual([{ password: 'obfuscated' }, secret, secret]);
  });

  test('attributes/regexp2', () => {
    const yaml = String.raw`
include:
  match_type: regexp
  attributes:
    - {key: "db.statement", value: 'SELECT \* FROM USERS.*'}
actions:
  - key: db.statement
    action: update
    value: "SELECT * FROM USERS [obfuscated]"`;
    expect(
      spans(yaml, [
        { attributes: { 'db.statement': 'SELECT * FROM USERS WHERE ID=1' } },
        { attributes: { 'db.statement': 'SELECT 1' } },
      ]),
    ).toEqual([{ 'db.statement': 'SELECT * FROM USERS [obfuscated]' }, { 'db.statement': 'SELECT 1' }]);
  });
});

test('log records: attributes/log_body_regexp', () => {
  const yaml = `
include:
  match_type: regexp
  log_bodies: ["AUTH.*"]
actions:
  - key: password
    action: update
    value: "obfuscated"
  - key: token
    action: delete`;
  const secret = { password: 'p', token: 't' };
  const bytes = encode('logs', request('logs', [{ items: [logRecord(secret, 'AUTH failed'), logRecord(secret, 'hello')] }]));
  const { tree } = processed(create(config.parse(parse(yaml))), scopedBatch('logs', [bytes], 2));
  expect(itemsOf('logs', tree!).map(({ item }) => plain(item))).toEqual([{ password: 'obfuscated' }, secret]);
});

test('resources: the example of the resource processor', () => {
  const yaml = `
attributes:
- key: cloud.availability_zone
  value: zone-1
  action: upsert
- key: k8s.cluster.name
  from_attribute: k8s-cluster
  action: insert
- key: redundant-attribute
  action: delete
- key: service.namespace
  from_attribute: namespace
  default_value: "default"
  action: insert`;
  const resource = { 'redundant-attribute': 1n, 'cloud.availability_zone': 'zone-9', 'k8s-cluster': 'c' };
  const bytes = encode('logs', request('logs', [{ resource, items: [logRecord()] }]));
  const { tree } = processed(createResource(resourceConfig.parse(parse(yaml))), scopedBatch('logs', [bytes], 1));
  expect(itemsOf('logs', tree!).map((each) => plain(each.resource))).toEqual([
    { 'cloud.availability_zone': 'zone-1', 'k8s-cluster': 'c', 'k8s.cluster.name': 'c', 'service.namespace': 'default' },
  ]);
});
