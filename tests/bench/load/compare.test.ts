import { describe, expect, test } from 'vitest';
import { BodySource } from '../../../bench/load/body-source.ts';
import { compareArrived } from '../../../bench/load/compare.ts';
import type { Workload } from '../../../bench/load/workload.ts';

const WORKLOAD: Workload = { signal: 'metrics', groupsPerBody: 2, sets: 'repeating', dirty: false };

function body(number: number, workload: Workload = WORKLOAD): Buffer {
  const source = new BodySource(workload);
  const out = Buffer.alloc(source.maxBytes);
  return Buffer.from(out.subarray(0, source.write(number, out, new DataView(out.buffer, out.byteOffset, out.length), 0)));
}

describe('comparison of what arrived with what was sent', () => {
  test('merged bodies that were forwarded as they are have no fault', () => {
    const comparison = compareArrived(WORKLOAD, { clean: false }, [Buffer.concat([body(1), body(2)]), body(9)]);
    expect(comparison).toEqual({ items: 60, changedItems: 0 });
  });

  test('a body that arrives twice is a fault of every item', () => {
    expect(compareArrived(WORKLOAD, { clean: false }, [body(1), body(1)])).toMatchObject({ items: 40, changedItems: 20 });
  });

  test('one changed byte of a value is a fault of that item', () => {
    const changed = body(1);
    const at = changed.indexOf('zone-0');
    changed.write('zone-9', at);
    const comparison = compareArrived(WORKLOAD, { clean: false }, [changed]);
    expect(comparison.changedItems).toBe(1);
    expect(comparison.fault).toContain('zone-9');
  });

  test('where a scope is to be put on resources, items without it are faults', () => {
    const comparison = compareArrived(WORKLOAD, { clean: false, scope: 'ENTERPRISE' }, [body(1)]);
    expect(comparison).toMatchObject({ items: 20, changedItems: 20 });
  });

  test('where attributes are to be cleaned, dirt that arrives is a fault', () => {
    const workload: Workload = { ...WORKLOAD, dirty: true };
    expect(compareArrived(workload, { clean: true }, [body(1, workload)])).toMatchObject({ items: 20, changedItems: 2 });
  });

  test('an item that nobody sent is a fault', () => {
    const source = body(1);
    const broken = Buffer.from(source);
    // The low half of a time is the number of the body; 77 has other values in its points.
    for (let at = broken.indexOf('004a6618', 0, 'hex'); at >= 0; at = broken.indexOf('004a6618', at + 4, 'hex')) {
      broken.writeUInt32LE(77, at - 4);
    }
    expect(compareArrived(WORKLOAD, { clean: false }, [broken]).changedItems).toBe(20);
  });
});
