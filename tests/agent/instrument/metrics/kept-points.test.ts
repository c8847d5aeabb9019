import { describe, expect, it } from 'vitest';
import { EXPORT_LIMITS } from '../../../../agent/instrument/limits.ts';
import { HeldPoints } from '../../../../agent/instrument/metrics/kept-points.ts';

const START_NS = 1.7e18;
const AGAIN_NS = START_NS + EXPORT_LIMITS.repeatMs * 1e6;

describe('points that are held until they have arrived', () => {
  it('are due until then, and again when they have stood for a time, or nobody knows whether they arrived', () => {
    const points = new HeldPoints<string>();
    const due = (nowNs: number): string[] => points.due(nowNs).map(({ content }) => content);
    points.keep('a', 'first');
    points.keep('b', 'other');
    for (const held of points.due(START_NS)) if (held.content === 'first') held.arrivedNs = START_NS;
    expect(due(START_NS)).toEqual(['other']);
    expect(due(AGAIN_NS)).toEqual(['first', 'other']);
    points.keep('b', undefined);
    expect(due(START_NS)).toEqual([]);
    points.repeat();
    expect(due(START_NS)).toEqual(['first']);
  });

  it('that changed on their way are due as they are now', () => {
    const points = new HeldPoints<string>();
    points.keep('a', 'first');
    const [sent] = points.due(START_NS);
    points.keep('a', 'second');
    sent!.arrivedNs = START_NS;
    expect(points.due(START_NS).map(({ content }) => content)).toEqual(['second']);
  });
});
