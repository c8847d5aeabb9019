import { describe, expect, it } from 'vitest';
import { AuditTrail } from '../../../pipeline/audit.ts';
import type { FeedVoice, StreamSource } from '../../../pipeline/live.ts';
import { StreamDoor } from '../../../server/stream/door.ts';
import { openStream } from '../../../server/stream/open.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { streamBench, type TestClient } from '../../support/stream-bench.ts';

const { start } = streamBench();

interface Scripted extends StreamSource {
  opened: number;
  closed: number;
  say: Readonly<Record<string, unknown>> | undefined;
}

/** A source whose feeds say what they are told to say. */
function scripted(topic: string, more: Partial<StreamSource> = {}): Scripted {
  const source: Scripted = {
    topic,
    conflates: false,
    opened: 0,
    closed: 0,
    say: undefined,
    options: (given) => ({ ok: true, options: given }),
    open: () => {
      source.opened += 1;
      return { snapshot: () => ({ state: source.say ?? null }), delta: () => source.say, close: () => void (source.closed += 1) };
    },
    ...more,
  };
  return source;
}
const subscribe = async (client: TestClient, id: string, more: object = {}): Promise<unknown> =>
  client.send({ subscribe: 'sql', id, ...more }).next();

describe('a source that others register', () => {
  it('is opened once for all subscribers of a scope with the same options, and closed with the last one', async () => {
    const started = await start();
    const source = scripted('sql');
    started.stream.register(source);
    const [one, two, other] = [await started.connect('A'), await started.connect('A'), await started.connect('B')];
    for (const client of [one, two]) await subscribe(client, 'q', { sql: 'select 1' });
    expect(source.opened).toBe(1);
    await subscribe(other, 'q', { sql: 'select 1' });
    await subscribe(one, 'r', { sql: 'select 2' });
    expect(source.opened).toBe(3);
    for (const client of [one, two, other]) client.socket.close();
    await Promise.all([one.closed, two.closed, other.closed]);
    await started.tick();
    expect(source.closed).toBe(3);
  });

  it('gives everybody the same deltas, each with the id that the client chose, and none where nothing has changed', async () => {
    const started = await start();
    const source = scripted('sql');
    started.stream.register(source);
    const [one, two] = [await started.connect('A'), await started.connect('A')];
    expect(await subscribe(one, 'a"b')).toEqual({ type: 'snapshot', id: 'a"b', seq: 0, state: null });
    source.say = { added: [[1]] };
    await started.tick();
    expect(await one.next()).toEqual({ type: 'delta', id: 'a"b', seq: 1, added: [[1]] });
    expect(await subscribe(two, 'z')).toEqual({ type: 'snapshot', id: 'z', seq: 1, state: { added: [[1]] } });
    source.say = undefined;
    await started.tick();
    source.say = {};
    await started.tick();
    expect([await one.next(), await two.next()]).toEqual([
      { type: 'delta', id: 'a"b', seq: 2 },
      { type: 'delta', id: 'z', seq: 2 },
    ]);
  });

  it('may take its time for a snapshot: no delta comes before it, and none is lost after it', async () => {
    const started = await start();
    let answer = (_data: object): void => {};
    let count = 0;
    const feed = {
      snapshot: () => new Promise<Readonly<Record<string, unknown>>>((resolve) => (answer = resolve as never)),
      delta: () => ({ count: (count += 1) }),
      close: () => {},
    };
    started.stream.register(scripted('sql', { open: () => feed }));
    const client = await started.connect('A');
    client.send({ subscribe: 'sql', id: 'q' });
    await client.settled();
    await started.tick();
    await started.tick();
    answer({ count });
    await started.tick();
    expect(await client.next()).toEqual({ type: 'snapshot', id: 'q', seq: 2, count: 2 });
    expect(await client.next()).toEqual({ type: 'delta', id: 'q', seq: 3, count: 3 });
  });

  it('may refuse, at once, with the snapshot or later; and its subscribers are told when it goes', async () => {
    const started = await start();
    const fault = { ok: false, code: 'SQL_INVALID', message: 'cannot run the query: no' } as const;
    const told = { type: 'error', id: 'q', code: 'SQL_INVALID', message: 'cannot run the query: no' };
    const client = await started.connect('A');
    started.stream.register(scripted('sql', { options: () => fault }));
    expect(await subscribe(client, 'q')).toEqual(told);
    started.stream.register(scripted('sql', { open: () => fault }));
    expect(await subscribe(client, 'q')).toEqual(told);
    started.stream.register(
      scripted('sql', { open: () => ({ snapshot: async () => fault, delta: () => undefined, close: () => {} }) }),
    );
    expect(await subscribe(client, 'q')).toEqual(told);
    let fail = (_fault: typeof fault): void => {};
    const later: StreamSource['open'] = (_viewer, _options, voice) => {
      fail = voice.fail;
      return { snapshot: () => ({}), delta: () => ({}), close: () => {} };
    };
    const unregister = started.stream.register(scripted('sql', { open: later }));
    await subscribe(client, 'q');
    fail(fault);
    expect(await client.next()).toEqual(told);
    expect(started.stream.stats().subscriptions).toBe(0);
    await subscribe(client, 'q');
    unregister();
    expect(await client.next()).toMatchObject({ type: 'error', id: 'q', code: 'UNAVAILABLE' });
    expect(await subscribe(client, 'q')).toMatchObject({ type: 'error', id: 'q', code: 'UNIMPLEMENTED' });
  });
});

describe('a source that speaks up', () => {
  it('has its change told before the second is over, and gives everybody a new snapshot where a change tells nothing', async () => {
    const started = await start();
    let say: unknown;
    let voice: FeedVoice | undefined;
    let state = 0;
    const open: StreamSource['open'] = (_viewer, _options, its) => {
      voice = its;
      const delta = (): never => {
        const said = say;
        say = undefined;
        return said as never;
      };
      return { snapshot: () => ({ state }), delta, close: () => {} };
    };
    started.stream.register(scripted('sql', { open }));
    const [one, two] = [await started.connect('A'), await started.connect('A')];
    for (const client of [one, two])
      expect(await subscribe(client, 'q')).toEqual({ type: 'snapshot', id: 'q', seq: 0, state: 0 });
    say = { added: [[1]] };
    voice?.changed();
    for (const client of [one, two]) expect(await client.next()).toEqual({ type: 'delta', id: 'q', seq: 1, added: [[1]] });
    state = 7;
    say = 'renew';
    voice?.changed();
    for (const client of [one, two]) expect(await client.next()).toEqual({ type: 'snapshot', id: 'q', seq: 1, state: 7 });
    say = {};
    voice?.changed();
    expect(await one.next()).toEqual({ type: 'delta', id: 'q', seq: 2 });
  });

  it('may ask for a permission of its own, which a refreshed token must still have', async () => {
    const started = await start();
    started.stream.register(scripted('sql', { permission: 'query' }));
    const without = await started.connect('A');
    expect(await subscribe(without, 'q')).toMatchObject({ type: 'error', id: 'q', code: 'PERMISSION_DENIED' });
    const may = await started.connect('A', { permissions: ['stream', 'query'] });
    expect(await subscribe(may, 'q')).toMatchObject({ type: 'snapshot', id: 'q' });
    may.send({ refresh: await started.token(['A']) });
    expect((await may.closed).code).toBe(1012);
  });
});

describe('a large snapshot', () => {
  it.each(['deflate', 'zstd'] as const)('comes as one binary frame of %s to who asks for it, else as text', async (how) => {
    const started = await start();
    const source = scripted('sql');
    source.say = { rows: Array.from({ length: 3000 }, (_, n) => [n, 'a row']) };
    started.stream.register(source);
    const client = await started.connect('A');
    client.send({ subscribe: 'sql', id: 'q', compress: how });
    await client.settled();
    const [frame] = client.binary;
    const { inflateSync } = await import('node:zlib');
    const { zstdEngine } = await import('../../../pipeline/compression/zstd.ts');
    const text = how === 'deflate' ? inflateSync(frame!) : zstdEngine().decompress(frame!, 1 << 20);
    expect(JSON.parse(Buffer.from(text as Uint8Array).toString())).toEqual({
      type: 'snapshot',
      id: 'q',
      seq: 0,
      state: source.say,
    });
    expect(await subscribe(client, 'q', {})).toMatchObject({ type: 'snapshot', state: source.say });
    expect(client.binary.length).toBe(1);
  });
});

describe('the stream of a process', () => {
  it('is the same for every door, and costs no timer when nobody is there', async () => {
    const clock = new ManualClock();
    const stream = openStream({
      clock,
      audit: new AuditTrail(),
      matrix: () => [],
      authenticate: () => ({ ok: false, code: 'UNAUTHENTICATED', retryable: false, message: '' }),
      stillTaken: () => true,
      authority: () => undefined,
      ledger: () => ({ receivers: [], pipelines: [], exporters: [] }),
    });
    expect(stream.takePlace('A')).toBeUndefined();
    expect(
      new StreamDoor(stream, {
        methods: [],
        authenticate: () => stream as never,
        endpoint: '',
        isTls: false,
        allowed: [],
        allowQueryToken: false,
        runsAs: () => '',
      }),
    ).toBeDefined();
    expect(clock.pending).toBe(0);
  });

  it('ends its timer with the last connection', async () => {
    const started = await start();
    const client = await started.connect('A');
    expect(started.clock.pending).toBe(1);
    client.socket.close();
    await client.closed;
    await started.tick();
    expect(started.clock.pending).toBe(0);
  });
});
