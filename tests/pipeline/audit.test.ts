import { expect, test } from 'vitest';
import { AuditTrail, type Audit, type AuditEvent } from '../../pipeline/audit.ts';

const EVENT: AuditEvent = { type: 'AUTH', severity: 'WARN', action: 'token_expired', result: 'FAILURE' };

function keeper(): Audit & { readonly events: AuditEvent[] } {
  const events: AuditEvent[] = [];
  return { active: true, events, record: (event) => void events.push(event), refusal: () => undefined };
}

test('without a keeper it is inactive, takes events and refuses nothing', () => {
  const trail = new AuditTrail();
  expect([trail.active, trail.record(EVENT), trail.refusal()]).toEqual([false, undefined, undefined]);
});

test('the keeper gets all events until it goes; going late does not push out its successor', () => {
  const trail = new AuditTrail();
  const [first, second] = [keeper(), keeper()];
  const leave = trail.keep(first);
  trail.record(EVENT);
  trail.keep(second);
  leave();
  trail.record(EVENT);
  expect([first.events.length, second.events.length, trail.active]).toEqual([1, 1, true]);
});

test('the refusal of the keeper is told to whoever asks', () => {
  const trail = new AuditTrail();
  const refusal = { ok: false, code: 'AUDIT_UNAVAILABLE', retryable: true, message: 'no' } as const;
  const leave = trail.keep({ ...keeper(), refusal: () => refusal });
  expect(trail.refusal()).toBe(refusal);
  leave();
  expect([trail.active, trail.refusal()]).toEqual([false, undefined]);
});
