import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SIGNALS } from '../../../pipeline/signal.ts';
import {
  GROUP_END,
  GROUP_START,
  GROUP_STRIDE,
  RESOURCE_END,
  RESOURCE_START,
  ResourceGroups,
} from '../../../server/stream/resource-groups.kernel.ts';
import { anyRequest, encode } from '../../support/build.ts';
import { wireFields } from '../../support/reference/otlp.ts';

const options = { endOnFailure: true } as const;

interface Group {
  readonly group: string;
  /** Undefined where there are two of them. */
  readonly resource: string | undefined;
}

function found(groups: ResourceGroups, bytes: Uint8Array): Group[] {
  const text = (start: number, end: number): string => Buffer.from(bytes.subarray(start, end)).toString('hex');
  return Array.from({ length: groups.count }, (_, at) => {
    const [group, groupEnd, resource, resourceEnd] = [GROUP_START, GROUP_END, RESOURCE_START, RESOURCE_END].map(
      (column) => groups.rows[at * GROUP_STRIDE + column]!,
    ) as [number, number, number, number];
    return { group: text(group, groupEnd), resource: resource < 0 ? undefined : text(resource, resourceEnd) };
  });
}

/** The same by a reader that makes an object of each field; undefined where it cannot read on. */
function expected(bytes: Uint8Array): Group[] | undefined {
  const first = (of: Uint8Array): ReturnType<typeof wireFields> =>
    wireFields(of).filter(({ number, wireType }) => number === 1 && wireType === 2);
  try {
    return first(bytes).map(({ raw, content }) => {
      const resources = first(content);
      return {
        group: raw.toString('hex'),
        resource: resources.length > 1 ? undefined : (resources[0]?.content.toString('hex') ?? ''),
      };
    });
  } catch {
    return undefined;
  }
}

describe('Resource groups', () => {
  it.each(SIGNALS)('of any request of %s are found where they lie', (signal) => {
    const groups = new ResourceGroups();
    fc.assert(
      fc.property(anyRequest(signal), (request) => {
        const bytes = encode(signal, request);
        expect(groups.find(bytes)).toBe(true);
        expect(found(groups, bytes)).toEqual(expected(bytes));
      }),
      options,
    );
  });

  it('of more of them than usual, and of one that has two Resources', () => {
    const groups = new ResourceGroups();
    const group = Uint8Array.of(10, 5, 10, 1, 7, 18, 0);
    const many = Buffer.concat(Array.from({ length: 300 }, () => group));
    expect(groups.find(many)).toBe(true);
    expect(found(groups, many)).toEqual(expected(many));
    const twice = Uint8Array.of(10, 6, 10, 1, 7, 10, 1, 8);
    expect(groups.find(twice)).toBe(true);
    expect(found(groups, twice)).toEqual([{ group: '0a060a01070a0108', resource: undefined }]);
    groups.leave();
    expect([groups.count, groups.wire.bytes.length]).toEqual([0, 0]);
  });

  it('are not those of bytes that no reader gets through', () => {
    const groups = new ResourceGroups();
    const byte = fc.oneof(fc.nat(255), fc.constantFrom(10, 18, 1, 2, 3, 128, 255));
    fc.assert(
      fc.property(fc.array(byte, { maxLength: 24 }), (from) => {
        const bytes = Uint8Array.from(from);
        const naive = expected(bytes);
        // A key of more than 32 bits is refused by one, and a field number above 2^29 by the other.
        if (naive === undefined) return;
        expect(groups.find(bytes)).toBe(true);
        expect(found(groups, bytes)).toEqual(naive);
      }),
      { ...options, numRuns: 2000 },
    );
    for (const cut of [Uint8Array.of(10), Uint8Array.of(10, 5, 10, 1, 7, 18), Uint8Array.of(10, 2, 10, 4), Uint8Array.of(8)])
      expect(groups.find(cut)).toBe(false);
  });
});
