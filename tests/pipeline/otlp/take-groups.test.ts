import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { lastInside } from '../../../pipeline/otlp/edits.kernel.ts';
import type { Inspection } from '../../../pipeline/otlp/inspection.ts';
import { takeGroups } from '../../../pipeline/otlp/take-groups.ts';
import { walk, Walk } from '../../../pipeline/otlp/walk.ts';
import { SIGNALS, type Signal } from '../../../pipeline/signal.ts';
import { anyRequest, encode, logRecord, request } from '../../support/build.ts';
import { encodeOddly, seeded } from '../../support/reference/odd-encoder.ts';

/** Every attribute with one of a few common keys leaves a mark. */
const INSPECTION: Inspection = {
  claimKeys: ['a', 'key', 'id', 'service.name', 'periscope.scope'].map((key) => Buffer.from(key)),
  attributes: undefined,
  mendsText: false,
};

function walked(signal: Signal, bytes: Uint8Array): Walk {
  const made = walk(signal, bytes, INSPECTION);
  if (!(made instanceof Walk)) throw new Error(made.message);
  return made;
}

function groupsOf(of: Walk): number[] {
  const groups: number[] = [];
  for (let mark = 0; mark < of.markCount; mark = lastInside(of.marks, of.markCount, mark) + 1)
    if (!of.isUnknown(mark)) groups.push(mark);
  return groups;
}

describe('groups taken out of a walked request', () => {
  test.each(SIGNALS)('are what a walk of their bytes alone finds (%s)', (signal) => {
    fc.assert(
      fc.property(anyRequest(signal), fc.nat(), fc.array(fc.boolean(), { minLength: 1 }), (tree, seed, chosen) => {
        const whole = walked(signal, encodeOddly(signal, tree, seeded(seed), { unknown: true, overlong: seed % 2 === 0 }));
        const groups = groupsOf(whole).filter((_, at) => chosen[at % chosen.length]);
        if (groups.length === 0) return;
        const part = takeGroups(whole, groups);
        const alone = walked(signal, part.bytes);
        expect(part.items).toBe(alone.items);
        expect(part.markCount).toBe(alone.markCount);
        expect(part.marks).toEqual(alone.marks);
      }),
      { endOnFailure: true },
    );
  });

  test('that stand together are no copy', () => {
    const groups = ['a', 'b', 'c'].map((name) => ({ resource: { 'service.name': name }, items: [logRecord()] }));
    const whole = walked('logs', encode('logs', request('logs', groups)));
    const [first, second, third] = groupsOf(whole);
    expect(takeGroups(whole, [second!, third!]).bytes.buffer).toBe(whole.bytes.buffer);
    expect(takeGroups(whole, [first!, third!]).bytes.buffer).not.toBe(whole.bytes.buffer);
  });
});
