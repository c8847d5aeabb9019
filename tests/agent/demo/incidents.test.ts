import { expect, it } from 'vitest';
import { Conditions } from '../../../agent/demo/conditions.ts';
import { deployments, incidents } from '../../../agent/demo/incidents.ts';
import { Random } from '../../../agent/demo/random.ts';

function first<T>(from: Iterator<T, never>, count: number): T[] {
  return Array.from({ length: count }, () => from.next().value);
}

it.each(['1', '2', 'x'])('incidents of seed %s come one after the other, each kind before one comes again', (seed) => {
  const all = first(incidents(new Random(seed)), 50);
  for (const [i, { startS, endS }] of all.entries()) {
    expect(endS).toBeGreaterThan(startS);
    expect(startS).toBeGreaterThan(i === 0 ? 30 : (all[i - 1]?.endS ?? 0) + 60);
  }
  for (let i = 0; i < 50; i += 5) expect(new Set(all.slice(i, i + 5).map(({ kind }) => kind)).size).toBe(5);
  for (let i = 1; i < 50; i++) expect(all[i]?.kind).not.toBe(all[i - 1]?.kind);
});

it('a slow version is put right by the next deployment', () => {
  const all = first(deployments(new Random('1')), 60);
  const slow = all.flatMap(({ slowdown, service }, i) => (slowdown > 1 ? [{ service, next: all[i + 1] }] : []));
  expect(slow.length).toBeGreaterThan(3);
  for (const { service, next } of slow.slice(0, -1)) expect(next).toMatchObject({ service, slowdown: 1 });
});

it('conditions tell each incident and deployment once, whatever the steps of time', () => {
  const told = (step: number): unknown[] => {
    const conditions = new Conditions(new Random('1'));
    const begun: unknown[] = [];
    for (let s = step; s <= 1200; s += step) begun.push(...conditions.goOn(s).begins.map(({ text }) => text));
    return begun;
  };
  expect(told(0.5)).toEqual(told(30));
  expect(told(0.5).length).toBeGreaterThan(4);
});

it('an incident concerns the one it happens to, and nobody else', () => {
  const conditions = new Conditions(new Random('1'));
  for (let s = 1; s <= 3000; s += 1) {
    conditions.goOn(s);
    const { incident } = conditions;
    if (incident?.kind !== 'errors') continue;
    expect(conditions.failures(incident.service, incident.dependency)).toBeGreaterThan(0.1);
    expect(conditions.failures('shipping')).toBeLessThan(0.01);
    expect(conditions.slowdown(incident.service, incident.dependency)).toBe(1);
    return;
  }
  expect.unreachable('no errors in fifty minutes');
});
