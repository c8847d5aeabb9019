import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../../pipeline/limits.ts';
import { canonicalise } from '../../../pipeline/otlp/canonicalise.ts';
import { SIGNALS, type Signal } from '../../../pipeline/signal.ts';
import { anyRequest, encode, numbered } from '../../support/build.ts';
import { encodeOddly, seeded } from '../../support/reference/odd-encoder.ts';
import { decode, encodeMessage, repeatsSingular, REQUEST_NAMES, wireField } from '../../support/reference/otlp.ts';

const field = (number: number, ...content: readonly Uint8Array[]): Buffer => wireField(number, 2, Buffer.concat(content));
const text = (number: number, value: string): Buffer => field(number, Buffer.from(value));
const pair = (key: string, value: string): Buffer => Buffer.concat([text(1, key), field(2, text(1, value))]);
/** A log request of one group with this content. */
const group = (...content: readonly Uint8Array[]): Buffer => field(1, ...content);
const one = (name: 'logs' | 'metrics' | 'traces', bytes: Uint8Array): Uint8Array => {
  const made = canonicalise(name, bytes);
  if (!(made instanceof Uint8Array)) throw new Error(made.message);
  return made;
};

describe.each(SIGNALS)('canonical form of %s', (signal) => {
  it('means what the request meant, holds no singular field twice, and is its own canonical form', () => {
    fc.assert(
      fc.property(anyRequest(signal), fc.integer(), (tree, seed) => {
        const odd = { shuffle: true, repeat: true, unknown: true, unpack: true, overlong: true };
        const bytes = encodeOddly(signal, tree, seeded(seed), odd);
        const made = one(signal, bytes);
        expect(decode(signal, made)).toEqual(decode(signal, bytes));
        expect(repeatsSingular(REQUEST_NAMES[signal], made)).toBe(false);
        expect(made.length).toBeLessThanOrEqual(bytes.length);
        expect(Buffer.from(one(signal, made))).toEqual(Buffer.from(made));
      }),
    );
  });

  it('leaves a request that is canonical as it is, byte for byte', () => {
    fc.assert(
      fc.property(anyRequest(signal), (tree) => {
        const bytes = encode(signal, tree);
        expect(Buffer.from(one(signal, bytes))).toEqual(Buffer.from(bytes));
      }),
    );
  });

  it('answers bytes that a strict reader refuses with MALFORMED or with bytes, and never throws', () => {
    const real = encode(signal, numbered(signal, 5));
    const damage = fc.array(fc.tuple(fc.nat(real.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), damage), (input) => {
        let bytes = Uint8Array.from(real);
        if (input instanceof Uint8Array) bytes = input as Uint8Array<ArrayBuffer>;
        else for (const [at, byte] of input) bytes[at] = byte;
        const made = canonicalise(signal, bytes);
        if (made instanceof Uint8Array) return;
        expect(made).toMatchObject({ ok: false, code: 'MALFORMED', retryable: false });
        expect(() => decode(signal, bytes)).toThrow();
      }),
      { numRuns: 500 },
    );
  });
});

describe('canonical form', () => {
  it('merges the parts of a Resource where the first stands', () => {
    const bytes = group(field(1, field(1, pair('a', '1'))), text(3, 'schema'), field(1, field(1, pair('b', '2'))));
    const merged = group(field(1, field(1, pair('a', '1')), field(1, pair('b', '2'))), text(3, 'schema'));
    expect(Buffer.from(one('logs', bytes))).toEqual(merged);
  });

  it('keeps the last of a string that stands twice, also when it is empty', () => {
    expect(Buffer.from(one('logs', group(text(3, 'first'), text(3, 'last'))))).toEqual(group(text(3, 'last')));
    expect(Buffer.from(one('logs', group(text(3, 'first'), text(3, ''))))).toEqual(group(text(3, '')));
  });

  it('keeps the last member of a oneof: a claim cannot hide behind another', () => {
    const value = (...members: readonly Uint8Array[]): Buffer =>
      group(field(1, field(1, text(1, 'periscope.scope'), field(2, ...members))));
    expect(Buffer.from(one('logs', value(text(1, 'A'), text(1, 'B'))))).toEqual(value(text(1, 'B')));
    expect(Buffer.from(one('logs', value(text(1, 'A'), Buffer.from('1801', 'hex'))))).toEqual(value(Buffer.from('1801', 'hex')));
  });

  it('forgets the parts of a oneof message that another member cleared', () => {
    const metric = (...fields: readonly Uint8Array[]): Buffer => field(1, field(2, field(2, ...fields)));
    const points = (...names: readonly string[]): Buffer[] => names.map((name) => field(1, field(7, pair('n', name))));
    const bytes = metric(
      field(5, ...points('cleared')),
      field(7, ...points('also')),
      field(5, ...points('x')),
      field(5, ...points('y')),
    );
    expect(Buffer.from(one('metrics', bytes))).toEqual(metric(field(5, ...points('x', 'y'))));
  });

  it('keeps unknown fields in place, also inside merged parts', () => {
    const unknown = Buffer.from('9a0607756e6b6e6f776e', 'hex');
    const bytes = group(field(1, unknown), field(1, unknown, field(1, pair('a', '1'))));
    expect(Buffer.from(one('logs', bytes))).toEqual(group(field(1, unknown, unknown, field(1, pair('a', '1')))));
  });

  it.each<[string, Signal, string]>([
    ['a group', 'logs', '0b0c'],
    ['field number 0', 'logs', '0200'],
    ['a length past the end', 'logs', '0a05'],
    ['a varint of eleven bytes', 'traces', '0a0dffffffffffffffffffffff01'],
    ['a known field with another wire type', 'logs', '0801'],
    ['a packed run of 64-bit numbers that is cut off', 'metrics', '0a0912071205' + '4a030a0132'],
    ['a key that is cut off', 'logs', '80'],
  ])('refuses %s as MALFORMED, with the place', (_, signal, hex) => {
    expect(canonicalise(signal, Buffer.from(hex, 'hex'))).toMatchObject({
      ok: false,
      code: 'MALFORMED',
      retryable: false,
      message: expect.stringMatching(/^cannot read the \w+ request: not valid OTLP protobuf, .* at byte \d+$/) as string,
    });
  });

  it('copies what nests deeper than the limit as it is, for the walk to reject that item alone', () => {
    let value: Buffer = text(1, 'deep');
    for (let depth = 0; depth < 1000; depth++) value = field(5, field(1, value));
    const bytes = group(field(2, field(2, field(5, value))), text(3, 'a'), text(3, 'b'));
    const made = one('logs', bytes);
    expect(made.length).toBe(bytes.length - 3);
  });

  it('refuses a message in more parts than the limit', () => {
    const part = field(1, field(1, pair('a', '1')));
    const bytes = group(...Array.from({ length: LIMITS.messageParts + 1 }, () => part));
    expect(canonicalise('logs', bytes)).toMatchObject({ code: 'MALFORMED' });
  });

  it('takes a million empty items', () => {
    const items = Buffer.alloc(2_000_000);
    for (let at = 0; at < items.length; at += 2) items[at] = 0x12;
    const bytes = group(field(2, items), text(3, 'a'), text(3, 'b'));
    expect(one('traces', bytes).length).toBe(bytes.length - 3);
  });

  it('merges parts inside parts', () => {
    const tree = {
      resourceLogs: [{ scopeLogs: [{ scope: { name: 'n', version: 'v', attributes: [{ key: 'a' }, { key: 'b' }] } }] }],
    };
    const scope = (of: object): Buffer => field(1, encodeMessage('InstrumentationScope', of as never));
    const bytes = group(
      field(
        2,
        scope({ name: 'x', attributes: [{ key: 'a' }] }),
        scope({ name: 'n' }),
        scope({ version: 'v', attributes: [{ key: 'b' }] }),
      ),
    );
    expect(decode('logs', one('logs', bytes))).toEqual(tree);
  });
});
