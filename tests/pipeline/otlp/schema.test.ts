import { describe, expect, it } from 'vitest';
import { MESSAGES, REQUESTS } from '../../../pipeline/otlp/schema.ts';
import { REFERENCE_MESSAGES } from '../../support/reference/otlp-messages.ts';
import { REQUEST_NAMES, wireTypeOf } from '../../support/reference/otlp.ts';

describe('the schema', () => {
  it('has the messages and fields of the specification, as written down a second time for the tests', () => {
    const ours = [...MESSAGES].map(([name, message]) => [
      name,
      message.fields
        .map((field) => {
          const members = message.fields
            .filter(({ index }) => (field.oneofMembers & (1 << index)) !== 0)
            .map(({ number }) => number);
          const type = field.message?.name ?? (field.idBytes > 0 ? `id${field.idBytes}` : field.type);
          return [field.number, field.jsonName, type, field.repeated, field.explicit, field.wireType, members.sort()];
        })
        .sort(byNumber),
    ]);
    const theirs = [...REFERENCE_MESSAGES].map(([name, fields]) => [
      name,
      fields
        .map((field) => {
          const rivals = fields.filter(({ oneof }) => oneof !== undefined && oneof === field.oneof).map(({ number }) => number);
          const explicit = field.optional || field.oneof !== undefined;
          return [field.number, field.name, field.type, field.repeated, explicit, wireTypeOf(field), rivals.sort()];
        })
        .sort(byNumber),
    ]);
    expect(Object.fromEntries(ours)).toEqual(Object.fromEntries(theirs));
  });

  it.each([...MESSAGES.values()])(
    '$name can be looked up by number and by both names; a set of its fields fits 31 bits',
    (message) => {
      expect(message.fields.length).toBeLessThan(32);
      for (const [index, field] of message.fields.entries()) {
        expect(field.index).toBe(index);
        expect(message.byNumber[field.number]).toBe(field);
        expect(message.byName.get(field.name)).toBe(field);
        expect(message.byName.get(field.jsonName)).toBe(field);
      }
    },
  );

  it('has the request of each signal', () => {
    for (const [signal, name] of Object.entries(REQUEST_NAMES)) expect(REQUESTS[signal as keyof typeof REQUESTS].name).toBe(name);
  });

  it('knows the names of enum values', () => {
    const field = (message: string, name: string): ReadonlyMap<string, number> | undefined =>
      MESSAGES.get(message)?.byName.get(name)?.enumValues;
    expect(field('LogRecord', 'severityNumber')?.get('SEVERITY_NUMBER_FATAL4')).toBe(24);
    expect(field('LogRecord', 'severityNumber')?.get('SEVERITY_NUMBER_INFO')).toBe(9);
    expect(field('Span', 'kind')?.get('SPAN_KIND_CONSUMER')).toBe(5);
    expect(field('Status', 'code')?.get('STATUS_CODE_ERROR')).toBe(2);
    expect(field('Sum', 'aggregationTemporality')?.get('AGGREGATION_TEMPORALITY_CUMULATIVE')).toBe(2);
  });
});

function byNumber(a: readonly unknown[], b: readonly unknown[]): number {
  return (a[0] as number) - (b[0] as number);
}
