import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LIMITS } from '../../../../pipeline/limits.ts';
import { ACTION_CUT, ACTION_REPLACE, ACTION_STRIDE, applyEdits, editedLength } from '../../../../pipeline/otlp/edits.kernel.ts';
import { KIND, MARK_FRAME, MARK_STRIDE } from '../../../../pipeline/otlp/marks.kernel.ts';
import { machine } from '../../../../pipeline/otlp/walk-machine.ts';
import { walk, Walk } from '../../../../pipeline/otlp/walk.ts';
import { SIGNALS, type Signal } from '../../../../pipeline/signal.ts';
import { anyRequest, encode } from '../../../support/build.ts';

const inspection = { claimKeys: [Buffer.from('periscope.scope')], attributes: undefined, mendsText: true };

function walked(signal: Signal, bytes: Uint8Array): Walk {
  const result = walk(signal, bytes, inspection);
  if (!(result instanceof Walk)) throw new Error(result.message);
  return result;
}

/** Cuts and replaces some marks, replaces no frame. */
function someActions({ marks, markCount }: Walk, choices: readonly number[], texts: Uint8Array): Int32Array {
  const actions = new Int32Array(markCount * ACTION_STRIDE);
  for (let mark = 0; mark < markCount; mark++) {
    const choice = choices[mark % choices.length]!;
    const isFrame = marks[mark * MARK_STRIDE + KIND] === MARK_FRAME;
    const at = mark * ACTION_STRIDE;
    if (choice % 7 === 0) actions[at] = ACTION_CUT;
    else if (choice % 3 === 0 && !isFrame) actions.set([ACTION_REPLACE, choice % 50, (choice * 31) % (texts.length - 50)], at);
  }
  return actions;
}

test.each(SIGNALS)('writes what applyEdits writes for any %s request and any actions, and nothing around it', (signal) => {
  const texts = Uint8Array.from({ length: 400 }, (_, i) => i);
  fc.assert(
    fc.property(anyRequest(signal), fc.array(fc.nat(1000), { minLength: 1, maxLength: 40 }), (tree, choices) => {
      const request = walked(signal, encode(signal, tree));
      const { bytes, marks, markCount } = request;
      const actions = someActions(request, choices, texts);
      const length = editedLength(bytes.length, marks, markCount, actions);
      const want = new Uint8Array(length + 8).fill(0xee);
      expect(applyEdits(bytes, marks, markCount, actions, texts, want, 4)).toBe(length + 4);
      const found = new Uint8Array(length + 8).fill(0xee);
      expect(machine.holds(marks)).toBe(true);
      expect(machine.splice(actions, texts, length, found, 4)).toBe(length + 4);
      expect(Buffer.from(found).equals(want)).toBe(true);
    }),
    { numRuns: 200, endOnFailure: true },
  );
});

test('the next request, a broken one too, is another one', () => {
  const first = walked('logs', encode('logs', {}));
  expect(machine.holds(first.marks)).toBe(true);
  walk('logs', Uint8Array.of(7), inspection);
  expect(machine.holds(first.marks)).toBe(false);
});

test('a request that is given up as too large to keep is held no longer', () => {
  const body = Buffer.alloc(LIMITS.walkMemoryBytes + 5, 'a');
  const field = Buffer.from([15 * 8 + 2, 0x80 | (body.length & 127), 0x80 | ((body.length >> 7) & 127), 0x80 | ((body.length >> 14) & 127), body.length >> 21]);
  const large = walked('logs', new Uint8Array(Buffer.concat([field, body])));
  expect(machine.holds(large.marks)).toBe(false);
});
