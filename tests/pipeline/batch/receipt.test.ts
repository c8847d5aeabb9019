import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Receipt } from '../../../pipeline/batch/receipt.ts';
import type { Outcome, Refusal } from '../../../pipeline/component.ts';

const OK: Outcome = { ok: true };
const refusal = (message: string): Refusal => ({ ok: false, code: 'UNAVAILABLE', retryable: true, message });

function settling(): { receipt: Receipt; outcomes: Outcome[] } {
  const outcomes: Outcome[] = [];
  return { receipt: new Receipt((outcome) => outcomes.push(outcome)), outcomes };
}

describe('a receipt', () => {
  it('settles when its only holder lets go', () => {
    const { receipt, outcomes } = settling();
    receipt.release(OK);
    expect(outcomes).toEqual([OK]);
  });

  it('waits for the last of many holders', () => {
    const { receipt, outcomes } = settling();
    receipt.retain(2);
    receipt.release(OK);
    receipt.release(OK);
    expect(outcomes).toEqual([]);
    receipt.release(OK);
    expect(outcomes).toEqual([OK]);
  });

  it('carries the first refusal', () => {
    const { receipt, outcomes } = settling();
    receipt.retain(2);
    receipt.release(refusal('first'));
    receipt.release(OK);
    receipt.release(refusal('second'));
    expect(outcomes).toEqual([refusal('first')]);
  });

  it('is not let go more often than it was held, nor held again once settled', () => {
    const { receipt } = settling();
    receipt.release(OK);
    expect(() => receipt.release(OK)).toThrow('BUG:');
    expect(() => receipt.retain()).toThrow('BUG:');
  });

  it('settles exactly once, with ok only if every holder was, in any order of holding and letting go', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ retain: fc.nat(3), ok: fc.boolean() }), { minLength: 1, maxLength: 30 }), (steps) => {
        const { receipt, outcomes } = settling();
        let held = 1;
        let ok = true;
        for (const step of steps) {
          if (held === 0) break;
          receipt.retain(step.retain);
          receipt.release(step.ok ? OK : refusal('no'));
          held += step.retain - 1;
          ok &&= step.ok;
          expect(receipt.held).toBe(held);
          expect(outcomes).toHaveLength(held === 0 ? 1 : 0);
        }
        if (held === 0) expect(outcomes[0]?.ok).toBe(ok);
      }),
    );
  });
});
