import { describe, expect, it } from 'vitest';
import { CONTROL, CONTROL_BYTES } from '../../../../agent/instrument/export/messages.ts';
import { StallWatch } from '../../../../agent/instrument/export/stall-watch.ts';
import { EXPORT_LIMITS } from '../../../../agent/instrument/limits.ts';
import { SENDING_LIMITS } from '../../../../agent/instrument/export/limits.ts';

function watched() {
  const control = new Int32Array(new SharedArrayBuffer(CONTROL_BYTES));
  const events: string[] = [];
  const watch = new StallWatch(control, {
    blocked: (seconds) => events.push(`blocked ${seconds.toFixed(1)}`),
    released: (seconds) => events.push(`released ${seconds.toFixed(1)}`),
  });
  const looks = (count: number): void => Array.from({ length: count }).forEach(() => watch.look());
  return { control, events, looks };
}
const LOOKS = SENDING_LIMITS.stallMs / EXPORT_LIMITS.beatMs;

describe('watching another thread', () => {
  it('says nothing of one that turns', () => {
    const { control, events, looks } = watched();
    for (let beat = 0; beat < 50; beat++) {
      control[CONTROL.beat]! += 1;
      looks(LOOKS - 1);
    }
    expect(events).toEqual([]);
  });

  it('tells of a blocked one while it is, and for how long it was', () => {
    const { control, events, looks } = watched();
    control[CONTROL.beat]! += 1;
    looks(1 + LOOKS + 1);
    control[CONTROL.beat]! += 1;
    looks(1);
    expect(events).toEqual(['blocked 0.6', 'blocked 0.8', 'released 0.8']);
  });

  it('takes one that waits for a flush for no blocked one', () => {
    const { control, events, looks } = watched();
    control[CONTROL.waiting] = 1;
    looks(20);
    expect(events).toEqual([]);
  });
});
