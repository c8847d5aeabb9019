import { describe, expect, test } from 'vitest';
import { LIMITS } from '../../../pipeline/limits.ts';
import { openGrpc } from '../../../server/engine/grpc.ts';
import { GRPC_OPTIONS, grpcBench, GrpcRecorder } from '../../support/grpc-bench.ts';
import type { GrpcPeer, GrpcWatched } from '../../support/grpc-peer.ts';
import { until } from '../../support/http-bench.ts';
import { callFields, END_HEADERS, END_STREAM, FRAME, frame, hpack, prefixed } from '../../support/raw-grpc.ts';

const PATH = '/test.Service/Watch';
const UNARY = '/test.Service/Method';
const DEADLINE_EXCEEDED = 4;
const RESOURCE_EXHAUSTED = 8;
const INTERNAL = 13;
const UNAVAILABLE = 14;
/** Longer than any test may take: who waits for it has failed. */
const LONG_MS = 60_000;
const WINDOW_BYTES = 65_535;

/** Answers each call of PATH with a watch that the test tells of. */
class Watched extends GrpcRecorder {
  readonly open = new Set<(message: Uint8Array) => void>();
  stops = 0;
  override onRequest: GrpcRecorder['onRequest'] = (head, message) => {
    if (head.path === UNARY) return { status: 0, message };
    return {
      begin: (tell) => {
        this.open.add(tell);
        tell(message);
        return () => {
          this.stops += 1;
          this.open.delete(tell);
        };
      },
    };
  };

  tell(message: Uint8Array): void {
    for (const tell of this.open) tell(message);
  }
}

const ended = async (watch: GrpcWatched): Promise<number | undefined> => {
  await until(() => watch.end !== undefined);
  return watch.end?.code;
};
const begun = async (peer: GrpcPeer, count = 1): Promise<GrpcWatched[]> => {
  const watches = Array.from({ length: count }, (_, n) => peer.watch(PATH, Buffer.of(n)));
  await until(() => watches.every(({ messages }) => messages.length === 1));
  return watches;
};

describe('a call that watches', () => {
  const bench = grpcBench(openGrpc);

  test('is told at once and again, in order, until its caller leaves', async () => {
    const handler = new Watched();
    const { url } = await bench.listen({}, handler);
    const [watch] = await begun(bench.peer(url));
    for (const n of [1, 2, 3]) {
      handler.tell(Buffer.of(n));
      await until(() => watch!.messages.length === n + 1);
    }
    expect(watch!.messages.map(([byte]) => byte)).toEqual([0, 1, 2, 3]);
    expect(watch!.end).toBeUndefined();
    watch!.cancel();
    await until(() => handler.stops === 1);
    expect(handler).toMatchObject({ gones: 0, faults: [] });
  });

  test('holds up no stop: it ends with UNAVAILABLE, the call beside it with its answer', async () => {
    const handler = new Watched();
    const { url, listener } = await bench.listen({}, handler);
    const peer = bench.peer(url);
    const watches = await begun(peer, 3);
    const { onRequest } = handler;
    let answer: (late: { status: number }) => void = () => undefined;
    handler.onRequest = (head, message) =>
      head.path === UNARY ? new Promise((resolve) => (answer = resolve)) : onRequest(head, message);
    const reply = peer.call(UNARY, Buffer.of(1));
    await until(() => handler.messages.length === 4);
    const closed = listener.close(LONG_MS);
    expect(await Promise.all(watches.map(ended))).toEqual([UNAVAILABLE, UNAVAILABLE, UNAVAILABLE]);
    answer({ status: 0 });
    expect(await reply).toMatchObject({ code: 0 });
    await closed;
    expect(handler.stops).toBe(3);
  });

  test('ends with UNAVAILABLE when the listener gets another handler, which takes the next one of that connection', async () => {
    const [before, after] = [new Watched(), new Watched()];
    const { url, listener } = await bench.listen({}, before);
    const peer = bench.peer(url);
    const [watch] = await begun(peer);
    const next = listener.handTo(after as never);
    expect(await ended(watch!)).toBe(UNAVAILABLE);
    await listener.close(LONG_MS);
    const [again] = await begun(peer);
    expect([before.stops, before.open.size, after.open.size]).toEqual([1, 0, 1]);
    after.tell(Buffer.of(7));
    await until(() => again!.messages.length === 2);
    await next.close(LONG_MS);
    expect(await ended(again!)).toBe(UNAVAILABLE);
  });

  test('that was on its way to a handler that is replaced is not begun', async () => {
    const [before, after] = [new Watched(), new Watched()];
    const { url, listener } = await bench.listen({}, before);
    const raw = await bench.raw(url);
    raw.write(frame(FRAME.headers, END_HEADERS, 1, hpack(callFields(PATH))));
    await until(() => before.heads.length === 1);
    const next = listener.handTo(after as never);
    const closed = listener.close(LONG_MS);
    raw.write(frame(FRAME.data, END_STREAM, 1, prefixed(Buffer.of(1))));
    await closed;
    expect(before).toMatchObject({ faults: ['SHUTTING_DOWN'], stops: 0 });
    expect(before.open.size).toBe(0);
    await next.close(0);
  });

  test('a connection has so many; more are refused, and a place is free when one ends', async () => {
    const handler = new Watched();
    const { url } = await bench.listen({}, handler);
    const peer = bench.peer(url);
    const watches = await begun(peer, LIMITS.grpcWatchesOfConnection);
    expect(await ended(peer.watch(PATH, Buffer.of(9)))).toBe(RESOURCE_EXHAUSTED);
    await begun(bench.peer(url)); // another connection has places of its own
    expect(await peer.call(UNARY, Buffer.of(1))).toMatchObject({ code: 0 });
    watches[0]!.cancel();
    await until(() => handler.stops === 1);
    await begun(peer);
  });

  test('whose caller does not read holds two messages, the first that waits and the last', async () => {
    const handler = new Watched();
    const { url, listener } = await bench.listen({}, handler);
    const raw = await bench.raw(url);
    raw.call(1, PATH, prefixed(Buffer.of(0)));
    await until(() => handler.open.size === 1);
    const received = (): number => raw.of(FRAME.data).reduce((sum, { payload }) => sum + payload.length, 0);
    for (let n = 1; n <= 200; n++) {
      handler.tell(Buffer.alloc(16_000, n));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await until(() => received() === WINDOW_BYTES);
    const more = Buffer.alloc(4);
    more.writeUInt32BE(10_000_000);
    raw.write(frame(FRAME.windowUpdate, 0, 0, more), frame(FRAME.windowUpdate, 0, 1, more));
    await until(() => raw.of(FRAME.data).at(-1)?.payload.at(-1) === 200);
    expect(received()).toBeLessThan(8 * 16_005);
    await listener.close(LONG_MS);
  });

  test('whose caller does not read holds up neither a stop nor a reload', async () => {
    const handler = new Watched();
    const { url, listener } = await bench.listen({}, handler);
    const raw = await bench.raw(url);
    raw.call(1, PATH, prefixed(Buffer.of(0)));
    await until(() => handler.open.size === 1);
    for (let n = 1; n <= 10; n++) {
      handler.tell(Buffer.alloc(16_000, n));
      await new Promise((resolve) => setImmediate(resolve));
    }
    const next = listener.handTo(handler as never);
    await listener.close(LONG_MS);
    await next.close(LONG_MS);
    expect(handler.open.size).toBe(0);
    await raw.until(() => raw.closed);
  });

  test('ends at the deadline of its caller', async () => {
    const handler = new Watched();
    const { url } = await bench.listen({}, handler);
    // Said by hand: grpc-js ends its own calls at their deadline, whatever the server does.
    const raw = await bench.raw(url);
    raw.call(1, PATH, prefixed(Buffer.of(0)), [['grpc-timeout', '100m']]);
    await until(() => handler.stops === 1);
    expect(handler.faults).toEqual(['DEADLINE_EXCEEDED']);
    await raw.until(() => raw.of(FRAME.headers).length === 2);
    expect(await ended(bench.peer(url).watch(PATH, Buffer.of(1), { deadlineMs: 100 }))).toBe(DEADLINE_EXCEEDED);
  });

  test('keeps its connection from being idle, and not from getting old', async () => {
    const keepalive = { ...GRPC_OPTIONS.keepalive, maxIdleMs: 100 };
    const handler = new Watched();
    const { url } = await bench.listen({ keepalive }, handler);
    const [idle, busy] = [await bench.raw(url), await bench.raw(url)];
    busy.call(1, PATH, prefixed(Buffer.of(0)));
    await idle.until(() => idle.closed);
    expect(busy.of(FRAME.goaway)).toEqual([]);

    const old = new Watched();
    const aging = await bench.listen({ keepalive: { ...GRPC_OPTIONS.keepalive, maxAgeMs: 100 } }, old);
    const raw = await bench.raw(aging.url);
    raw.call(1, PATH, prefixed(Buffer.of(0)));
    await raw.until(() => raw.closed);
    expect(old).toMatchObject({ stops: 1, faults: ['SHUTTING_DOWN'] });
  });

  test('a handler that throws at its begin is an INTERNAL', async () => {
    const handler = new GrpcRecorder();
    handler.onRequest = () => ({
      begin: () => {
        throw new Error('bug');
      },
    });
    const { url } = await bench.listen({}, handler);
    expect(await ended(bench.peer(url).watch(PATH, Buffer.of(1)))).toBe(INTERNAL);
  });
});
