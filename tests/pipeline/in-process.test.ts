import { describe, expect, it } from 'vitest';
import { type InProcessPoint, InProcessPoints } from '../../pipeline/in-process.ts';

const pointFor = (...signals: string[]): InProcessPoint => ({
  take: () => ({ ok: true }),
  takes: (signal) => signals.includes(signal),
});

describe('receivers that take what the application hands over', () => {
  it('are found by id, or by what they take, the first first', () => {
    const points = new InProcessPoints();
    const [metrics, all, logs] = [pointFor('metrics'), pointFor('metrics', 'logs'), pointFor('logs')];
    points.open('a', metrics);
    const close = points.open('b', all);
    points.open('c', logs);
    expect(points.find('metrics')).toBe(metrics);
    expect(points.find('logs')).toBe(all);
    expect(points.find('traces')).toBeUndefined();
    expect(points.find('logs', 'c')).toBe(logs);
    expect(points.find('logs', 'd')).toBeUndefined();
    close();
    close();
    expect(points.find('logs')).toBe(logs);
    expect(points.receivers()).toEqual(['a', 'c']);
  });

  it('who opens again under the same id takes over, and the way back of the one before is none', () => {
    const points = new InProcessPoints();
    const close = points.open('a', pointFor('logs'));
    const second = pointFor('logs');
    points.open('a', second);
    close();
    expect(points.find('logs')).toBe(second);
  });
});
