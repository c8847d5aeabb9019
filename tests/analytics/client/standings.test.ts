import { describe, expect, it } from 'vitest';
import { Standings } from '../../../analytics/client/standings.ts';
import type { Order } from '../../../analytics/wire/messages.ts';
import type { SqlFault, StandingEvents } from '../../../pipeline/analytics.ts';

const NONE = (): undefined => undefined;
const FAULT: SqlFault = { ok: false, code: 'NO_WINDOWS', message: 'cannot ask: no pipeline keeps windows' };
const body = (text: string): Uint8Array => Buffer.from(text);

function standing() {
  const orders: Order[] = [];
  const heard: [what: string, text?: string][] = [];
  const events: StandingEvents = {
    whole: (bytes) => void heard.push(['whole', Buffer.from(bytes).toString()]),
    changed: (bytes) => void heard.push(['changed', Buffer.from(bytes).toString()]),
    lost: () => void heard.push(['lost']),
    ended: ({ code }) => void heard.push(['ended', code]),
  };
  const all = new Standings((order) => void orders.push(order));
  return { all, events, orders, heard };
}

describe('queries that stay open', () => {
  it('are told of when the process runs, and ask for a snapshot once however often it is asked for', () => {
    const { all, events, orders } = standing();
    const one = all.add('A', { sql: 'SELECT 1' }, events);
    one.ask();
    one.ask();
    expect(orders).toEqual([]);
    all.ready(NONE);
    expect(orders).toEqual([
      { type: 'stand', id: 1, scope: 'A', query: { sql: 'SELECT 1' } },
      { type: 'standing', id: 1, want: 'snapshot' },
    ]);
    all.ready(NONE);
    expect(orders).toHaveLength(2);
  });

  it('hear snapshots, deltas and their end, each its own', () => {
    const { all, events, orders, heard } = standing();
    all.ready(NONE);
    const one = all.add('A', { sql: 'SELECT 1' }, events);
    const other = standing();
    all.add('B', { sql: 'SELECT 2' }, other.events);
    one.ask();
    all.told({ type: 'stands', id: 1, what: 'snapshot' }, body('{"rows":[]}'));
    all.told({ type: 'stands', id: 1, what: 'delta' }, body('{"added":[[1]]}'));
    one.next();
    all.told({ type: 'stands', id: 1, what: 'renew' }, body(''));
    all.told({ type: 'fell', id: 1, fault: { ok: false, code: 'SQL_TIMEOUT', message: 'cannot' } }, body(''));
    all.told({ type: 'stands', id: 1, what: 'delta' }, body('{}'));
    expect(heard).toEqual([['whole', '{"rows":[]}'], ['changed', '{"added":[[1]]}'], ['lost'], ['ended', 'SQL_TIMEOUT']]);
    expect(other.heard).toEqual([]);
    expect(orders.at(-1)).toEqual({ type: 'standing', id: 1, want: 'next' });
  });

  it('are taken up by the next process under another number: what the last one said counts no more', () => {
    const { all, events, orders, heard } = standing();
    all.ready(NONE);
    const one = all.add('A', { sql: 'SELECT 1' }, events);
    all.lost();
    one.ask();
    one.next();
    all.told({ type: 'stands', id: 1, what: 'delta' }, body('{}'));
    expect(heard).toEqual([['lost']]);
    orders.length = 0;
    all.ready(NONE);
    expect(orders).toEqual([
      { type: 'stand', id: 2, scope: 'A', query: { sql: 'SELECT 1' } },
      { type: 'standing', id: 2, want: 'snapshot' },
    ]);
    all.told({ type: 'stands', id: 2, what: 'snapshot' }, body('{}'));
    expect(heard.at(-1)).toEqual(['whole', '{}']);
  });

  it('of a scope that cost the last process its life are ended, those of others go on', () => {
    const { all, events, orders, heard } = standing();
    const other = standing();
    all.ready(NONE);
    all.add('A', { sql: 'SELECT 1' }, events);
    all.add('B', { sql: 'SELECT 1' }, other.events);
    all.lost();
    orders.length = 0;
    all.ready((scope) => (scope === 'A' ? { ...FAULT, code: 'ANALYTICS_BUSY' } : undefined));
    expect(heard).toEqual([['lost'], ['ended', 'ANALYTICS_BUSY']]);
    expect(orders).toEqual([{ type: 'stand', id: 3, scope: 'B', query: { sql: 'SELECT 1' } }]);
  });

  it('end once, by whoever is first', () => {
    const { all, events, orders, heard } = standing();
    all.ready(NONE);
    const one = all.add('A', { sql: 'SELECT 1' }, events);
    one.end();
    one.end();
    one.next();
    expect(orders.slice(1)).toEqual([{ type: 'standing', id: 1, want: 'end' }]);
    all.fail(FAULT);
    expect(heard).toEqual([]);
    all.ready(NONE);
    const two = all.add('A', { sql: 'SELECT 1' }, events);
    all.fail(FAULT);
    two.end();
    expect(heard).toEqual([['ended', 'NO_WINDOWS']]);
  });
});
