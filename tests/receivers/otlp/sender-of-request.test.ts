import { expect, test } from 'vitest';
import { createHost } from '../../../agent/collector/host.ts';
import { Senders } from '../../../receivers/otlp/senders.ts';
import { quietContext } from '../../support/contexts.ts';

const BINDING = { allowed: ['A'], fallback: 'A', from: 'listener' } as const;

test('a request tells who sent it while somebody keeps an audit log, and costs no object while nobody does', () => {
  const host = createHost();
  const senders = new Senders({ endpoint: 'localhost:0' }, 'http', BINDING, { ...quietContext(), host });
  const sender = senders.open!;
  let asked = 0;
  const head = {
    get remoteAddress() {
      asked += 1;
      return '10.0.0.7';
    },
  };
  expect(senders.requestOrigin(sender, head, undefined)).toBe(sender);
  expect(senders.requestOrigin(sender, head, { a: 'b' })).toEqual({ ...sender, metadata: { a: 'b' } });
  const leave = host.audit.keep({ active: true, record: () => undefined, refusal: () => undefined });
  const origin = senders.requestOrigin(sender, head, undefined);
  expect(asked).toBe(0);
  expect(origin.head?.remoteAddress).toBe('10.0.0.7');
  expect(senders.requestOrigin(sender, head, { a: 'b' })).toMatchObject({ metadata: { a: 'b' }, head });
  leave();
  expect(senders.requestOrigin(sender, head, undefined)).toBe(sender);
});
