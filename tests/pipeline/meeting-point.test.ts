import { runInNewContext } from 'node:vm';
import { afterEach, expect, it, vi } from 'vitest';
import { meetingPoint } from '../../pipeline/meeting-point.ts';

const KEY = Symbol.for('periscope.meeting-point');
const globals = globalThis as { [KEY]?: unknown };
const before = globals[KEY];
afterEach(() => {
  globals[KEY] = before;
});

it('agents and collectors of one thread meet, whichever copy of the code they are', async () => {
  const mine = meetingPoint();
  vi.resetModules();
  const other = await import('../../pipeline/meeting-point.ts');
  expect(other.meetingPoint()).toBe(mine);
  // Everything that runs in this thread finds it by the name that the documentation tells.
  expect(runInNewContext('Symbol.for("periscope.meeting-point")')).toBe(KEY);
  expect(globals[KEY]).toBe(mine);
});

it('nobody meets at a place of another version', () => {
  globals[KEY] = { version: 2 };
  expect(meetingPoint()).toBeUndefined();
});
