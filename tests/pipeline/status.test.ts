import { describe, expect, test } from 'vitest';
import { worstOfEach, type ComponentState, type ComponentStatus } from '../../pipeline/status.ts';

const status = (id: string, state: ComponentState, message?: string): ComponentStatus =>
  message === undefined ? { id, kind: 'processor', state } : { id, kind: 'processor', state, message };

describe('the status of what has several instances', () => {
  test('is that of the worst, with its reason, in order of first sight', () => {
    const all = [status('a', 'ok'), status('b', 'recoverable', 'soon'), status('a', 'failed', 'why'), status('b', 'ok')];
    expect(worstOfEach(all)).toEqual([status('a', 'failed', 'why'), status('b', 'recoverable', 'soon')]);
  });

  test('of two that are equally bad the first one is told', () => {
    expect(worstOfEach([status('a', 'failed', 'first'), status('a', 'failed', 'second')])).toEqual([
      status('a', 'failed', 'first'),
    ]);
  });
});
