import { expect, it } from 'vitest';
import { IngestPoints, type IngestPoint } from '../../pipeline/ingest.ts';

const point = (): IngestPoint => ({ take: async () => ({ ok: true, accepted: 0, rejected: [] }) });

it('the later of two points takes over, and the earlier one is back when it goes', () => {
  const points = new IngestPoints();
  const [first, second] = [point(), point()];
  expect(points.find('x')).toBeUndefined();
  const closeFirst = points.open('x', first);
  const closeSecond = points.open('x', second);
  expect(points.find('x')).toBe(second);
  expect(points.find('y')).toBeUndefined();
  closeSecond();
  closeSecond();
  expect(points.find('x')).toBe(first);
  closeFirst();
  expect(points.find('x')).toBeUndefined();
});

it('an earlier one goes without a word to the later one', () => {
  const points = new IngestPoints();
  const closeFirst = points.open('x', point());
  const second = point();
  points.open('x', second);
  closeFirst();
  expect(points.find('x')).toBe(second);
});
