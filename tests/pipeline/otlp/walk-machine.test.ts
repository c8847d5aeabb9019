import { expect, test } from 'vitest';
import { LIMITS } from '../../../pipeline/limits.ts';
import { machine, rulesOf } from '../../../pipeline/otlp/walk-machine.ts';
import { REQUEST_TYPES } from '../../../pipeline/otlp/layout.ts';
import { WALK_OK } from '../../../pipeline/otlp/layout-cells.ts';
import { wireField } from '../../support/reference/otlp.ts';

const inspection = { claimKeys: [Buffer.from('periscope.scope')], attributes: undefined, mendsText: true };
const body = (bytes: number): Uint8Array =>
  new Uint8Array(wireField(1, 2, wireField(2, 2, wireField(2, 2, wireField(3, 2, Buffer.alloc(bytes, 'a'))))));

test('what a large request made of its memory is given up with it', () => {
  const rules = rulesOf(inspection);
  const idle = machine.memoryBytes;
  expect(machine.run(body(3 * LIMITS.walkMemoryBytes), REQUEST_TYPES.logs, rules, 65_536)).toBe(WALK_OK);
  expect(machine.memoryBytes).toBeGreaterThan(3 * LIMITS.walkMemoryBytes);
  machine.moveMarks(new Int32Array(machine.markWords));
  expect(machine.memoryBytes).toBeLessThanOrEqual(Math.max(idle, LIMITS.walkMemoryBytes));
  expect(machine.run(body(10), REQUEST_TYPES.logs, rules, 65_536)).toBe(WALK_OK);
  expect(machine.items).toBe(1);
});

test('claim keys that do not fit are a fault of the program, not of the request', () => {
  expect(() => rulesOf({ ...inspection, claimKeys: [Buffer.alloc(100_000)] })).toThrow('BUG');
});
