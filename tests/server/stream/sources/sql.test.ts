import { describe, expect, it } from 'vitest';
import type { Analytics, SqlFault, Standing, StandingEvents, StandingQuery } from '../../../../pipeline/analytics.ts';
import { sqlSource } from '../../../../server/stream/sources/sql.ts';
import { streamBench, type TestClient } from '../../../support/stream-bench.ts';

const { start } = streamBench();
const MAY = { permissions: ['stream', 'query'] } as const;

interface Stood extends Standing {
  readonly scope: string;
  readonly query: StandingQuery;
  readonly events: StandingEvents;
  readonly said: string[];
  tell(what: 'whole' | 'changed', data: unknown): void;
}

/** Analytics whose standing queries say what the test says; the real ones are in tests/system/standing-queries.test.ts. */
function scripted(): { readonly stood: Stood[]; fault: SqlFault | undefined } & Pick<Analytics, 'stand'> {
  const all = {
    stood: [] as Stood[],
    fault: undefined as SqlFault | undefined,
    stand(scope: string, query: StandingQuery, events: StandingEvents): Standing | SqlFault {
      if (all.fault !== undefined) return all.fault;
      const said: string[] = [];
      const stood: Stood = {
        scope,
        query,
        events,
        said,
        ask: () => void said.push('ask'),
        next: () => void said.push('next'),
        end: () => void said.push('end'),
        tell: (what, data) => events[what](Buffer.from(JSON.stringify(data))),
      };
      all.stood.push(stood);
      return stood;
    },
  };
  return all;
}

/** Subscribes where the snapshot is still to be told. */
async function subscribed(client: TestClient, id: string, options: object): Promise<void> {
  client.send({ subscribe: 'sql', id, ...options });
  await client.send({ ping: 1 }).nextOf('pong');
}

describe('the topic sql', () => {
  it('is one standing query for all of a scope who ask the same, in whatever order they name things', async () => {
    const started = await start();
    const analytics = scripted();
    started.stream.register(sqlSource(analytics));
    const [one, two, other] = [await started.connect('A', MAY), await started.connect('A', MAY), await started.connect('B', MAY)];
    await subscribed(one, 'q', { sql: 'SELECT $a, $b', params: { a: 1, b: [2] }, key: ['x', 'y'] });
    await subscribed(two, 'q', { key: ['y', 'x', 'x'], params: { b: [2], a: 1 }, sql: 'SELECT $a, $b' });
    await subscribed(other, 'q', { sql: 'SELECT $a, $b', params: { a: 1, b: [2] }, key: ['x', 'y'] });
    expect(analytics.stood.map(({ scope, query }) => [scope, query])).toEqual([
      ['A', { sql: 'SELECT $a, $b', params: { a: 1, b: [2] }, key: ['x', 'y'] }],
      ['B', { sql: 'SELECT $a, $b', params: { a: 1, b: [2] }, key: ['x', 'y'] }],
    ]);
    for (const client of [one, two, other]) client.send({ unsubscribe: 'q' });
    for (const client of [one, two, other]) await client.nextOf('unsubscribed');
    expect(analytics.stood.map(({ said }) => said.at(-1))).toEqual(['end', 'end']);
  });

  it('gives the snapshot, then each delta at once, and asks for the next when it is out', async () => {
    const started = await start();
    const analytics = scripted();
    started.stream.register(sqlSource(analytics));
    const client = await started.connect('A', MAY);
    await subscribed(client, 'q', { sql: 'SELECT 1' });
    const [stood] = analytics.stood;
    stood?.tell('whole', { columns: [], rows: [[1]] });
    expect(await client.next()).toEqual({ type: 'snapshot', id: 'q', seq: 0, columns: [], rows: [[1]] });
    stood?.tell('changed', { added: [[2]] });
    expect(await client.next()).toEqual({ type: 'delta', id: 'q', seq: 1, added: [[2]] });
    expect(stood?.said).toEqual(['ask', 'next']);
  });

  it('gives who joins no delta twice and none too few, whichever comes first', async () => {
    const started = await start();
    const analytics = scripted();
    started.stream.register(sqlSource(analytics));
    const one = await started.connect('A', MAY);
    await subscribed(one, 'q', { sql: 'SELECT 1' });
    const stood = analytics.stood[0]!;
    stood.tell('whole', { rows: 0 });
    await one.nextOf('snapshot');
    const two = await started.connect('A', MAY);
    expect(await two.send({ subscribe: 'sql', id: 'q', sql: 'SELECT 1' }).next()).toMatchObject({ seq: 0, rows: 0 });
    stood.tell('changed', { n: 1 });
    await two.nextOf('delta');
    // The snapshot has the delta in it that is told before it.
    const three = await started.connect('A', MAY);
    await subscribed(three, 'q', { sql: 'SELECT 1' });
    stood.tell('changed', { n: 2 });
    stood.tell('whole', { rows: 2 });
    expect(await three.next()).toEqual({ type: 'snapshot', id: 'q', seq: 2, rows: 2 });
    // And here it has not the delta that is told behind it.
    const four = await started.connect('A', MAY);
    stood.tell('changed', { n: 3 });
    await one.settled();
    await subscribed(four, 'q', { sql: 'SELECT 1' });
    stood.tell('whole', { rows: 3 });
    stood.tell('changed', { n: 4 });
    expect([await four.next(), await four.next()]).toEqual([
      { type: 'snapshot', id: 'q', seq: 3, rows: 3 },
      { type: 'delta', id: 'q', seq: 4, n: 4 },
    ]);
    await one.settled();
    expect(one.messages.filter(({ type }) => type === 'delta').map(({ seq, n }) => [seq, n])).toEqual([
      [1, 1],
      [2, 2],
      [3, 3],
      [4, 4],
    ]);
  });

  it('gives everybody a new snapshot when the process of the windows was another', async () => {
    const started = await start();
    const analytics = scripted();
    started.stream.register(sqlSource(analytics));
    const clients = [await started.connect('A', MAY), await started.connect('A', MAY)];
    for (const client of clients) await subscribed(client, 'q', { sql: 'SELECT 1' });
    const stood = analytics.stood[0]!;
    stood.tell('whole', { rows: 1 });
    for (const client of clients) await client.nextOf('snapshot');
    stood.tell('changed', { never: 'told' });
    stood.events.lost();
    await clients[0]!.settled();
    expect(stood.said.filter((said) => said === 'ask')).toHaveLength(2);
    stood.tell('whole', { rows: 2 });
    for (const client of clients) expect(await client.next()).toEqual({ type: 'snapshot', id: 'q', seq: 0, rows: 2 });
  });

  it('tells why a query cannot stand, now or later', async () => {
    const started = await start();
    const analytics = scripted();
    started.stream.register(sqlSource(analytics));
    const client = await started.connect('A', MAY);
    analytics.fault = { ok: false, code: 'NO_WINDOWS', message: 'cannot ask: no pipeline keeps windows' };
    expect(await client.send({ subscribe: 'sql', id: 'q', sql: 'SELECT 1' }).next()).toMatchObject({
      code: 'NO_WINDOWS',
      id: 'q',
    });
    analytics.fault = undefined;
    await subscribed(client, 'q', { sql: 'SELECT 1' });
    analytics.stood[0]?.events.ended({ ok: false, code: 'SQL_TIMEOUT', message: 'cannot finish the query: …' });
    expect(await client.next()).toMatchObject({ type: 'error', id: 'q', code: 'SQL_TIMEOUT' });
  });

  it.each([
    [{}, 'sql'],
    [{ sql: '' }, 'sql'],
    [{ sql: 'SELECT 1', params: [{}] }, 'params'],
    [{ sql: 'SELECT 1', key: 'x' }, 'key'],
    [{ sql: 'SELECT 1', key: Array.from({ length: 17 }, (_, at) => `k${at}`) }, 'key'],
    [{ sql: 'SELECT 1', more: 1 }, 'more'],
  ])('takes no options like %j', async (options, named) => {
    const started = await start();
    started.stream.register(sqlSource(scripted()));
    const client = await started.connect('A', MAY);
    const answer = await client.send({ subscribe: 'sql', id: 'q', ...options }).next();
    expect(answer).toMatchObject({ type: 'error', code: 'STREAM_INVALID', message: expect.stringContaining(named) as string });
  });

  it('is for who may query', async () => {
    const started = await start();
    started.stream.register(sqlSource(scripted()));
    const client = await started.connect('A');
    expect(await client.send({ subscribe: 'sql', id: 'q', sql: 'SELECT 1' }).next()).toMatchObject({ code: 'PERMISSION_DENIED' });
  });
});
