import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LIMITS } from '../../../pipeline/limits.ts';
import { openGrpc } from '../../../server/engine/grpc.ts';
import { grpcBench, GrpcRecorder } from '../../support/grpc-bench.ts';
import { until } from '../../support/http-bench.ts';
import { ACK, callFields, CANCEL, END_HEADERS, FRAME, frame, hpack, prefixed } from '../../support/raw-grpc.ts';

const PATH = '/test.Service/Method';
const resetAt = (stream: number): Buffer => frame(FRAME.reset, 0, stream, Buffer.of(0, 0, 0, CANCEL));
const openAt = (stream: number): Buffer => frame(FRAME.headers, END_HEADERS, stream, hpack(callFields(PATH)));
const keepaliveOff = {
  maxIdleMs: 0,
  maxAgeMs: 0,
  maxAgeGraceMs: 0,
  timeMs: 0,
  timeoutMs: 20_000,
  minPingIntervalMs: 0,
  pingWithoutStream: true,
};

describe('a gRPC listener under attack', () => {
  const bench = grpcBench(openGrpc);

  test('rapid reset: a connection that opens and resets calls is sent away', async () => {
    const { url, handler } = await bench.listen();
    const raw = await bench.raw(url);
    for (let stream = 1; stream < 20_000 && !raw.closed; stream += 2) {
      raw.write(openAt(stream), resetAt(stream));
      if (stream % 101 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await raw.until(() => raw.closed);
    expect(raw.of(FRAME.goaway).length).toBeGreaterThan(0);
    expect(handler.heads.length).toBeLessThanOrEqual(2 * LIMITS.grpcResetBurst + 200);
    await until(() => handler.gones === handler.heads.length);
  });

  test.each([
    ['of no gRPC', callFields(PATH).map(([name, value]) => [name, name === 'content-type' ? 'text/plain' : value] as const)],
    ['past their deadline', callFields(PATH, [['grpc-timeout', '0n']])],
    [
      'of too many headers',
      callFields(PATH, [
        ['x-long', 'y'.repeat(15_000)],
        ['x-more', 'y'.repeat(900)],
      ]),
    ],
  ])('calls %s that are reset in the same breath end nothing but themselves', async (_name, fields) => {
    const { url } = await bench.listen();
    const raw = await bench.raw(url);
    for (let stream = 1; stream < 61; stream += 2)
      raw.write(frame(FRAME.headers, END_HEADERS, stream, hpack(fields)), resetAt(stream));
    raw.call(61, PATH, prefixed(Buffer.of(1)));
    await raw.until(() => raw.of(FRAME.data).some(({ stream }) => stream === 61));
  });

  test('whatever bytes a client sends, the listener lives on and forgets none of its calls', async () => {
    const { url, handler } = await bench.listen({
      maxConnections: 1000,
      keepalive: { ...keepaliveOff, timeMs: 50, timeoutMs: 50 },
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.oneof(
            fc.record({ type: fc.nat(12), flags: fc.nat(255), stream: fc.nat(9), payload: fc.uint8Array({ maxLength: 40 }) }),
            fc.record({
              type: fc.constant(FRAME.headers),
              flags: fc.constantFrom(END_HEADERS, END_HEADERS | 1),
              stream: fc.constantFrom(1, 3, 5, 7),
              payload: fc.constant(hpack(callFields(PATH))),
            }),
            fc.record({
              type: fc.constant(FRAME.data),
              flags: fc.constantFrom(0, 1),
              stream: fc.constantFrom(1, 3, 5, 7),
              payload: fc.constantFrom(prefixed(Buffer.of(1)), prefixed(Buffer.of(1), 9), Buffer.of(0), Buffer.of(7, 7, 7)),
            }),
          ),
          { maxLength: 12 },
        ),
        async (frames) => {
          const raw = await bench.raw(url);
          raw.write(...frames.map(({ type, flags, stream, payload }) => frame(type, flags, stream, payload)));
          await new Promise((resolve) => setTimeout(resolve, 5));
          raw.destroy();
        },
      ),
      { numRuns: 150, endOnFailure: true },
    );
    await until(() => handler.gones + handler.messages.length === handler.heads.length);
    expect(await bench.peer(url).call(PATH, Buffer.of(1))).toMatchObject({ code: 0 });
  });

  test.each([
    ['SETTINGS', () => frame(FRAME.settings, 0, 0, Buffer.of(0, 3, 0, 0, 0, 100))],
    ['PING', () => frame(FRAME.ping, 0, 0, Buffer.alloc(8))],
  ])('a flood of %s ends the connection', async (_name, make) => {
    const { url } = await bench.listen({ keepalive: { ...keepaliveOff, pingWithoutStream: true } });
    const raw = await bench.raw(url);
    for (let count = 0; count < 5000 && !raw.closed; count += 1) {
      raw.write(make());
      if (count % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await raw.until(() => raw.closed);
  });

  test.each([
    ['many headers', Array.from({ length: 500 }, (_, index): [string, string] => [`x-${index}`, 'y'])],
    ['long headers', [['x-long', 'y'.repeat(16_000)] as [string, string], ['x-longer', 'y'.repeat(16_000)] as [string, string]]],
  ])('a header bomb (%s) never reaches the handler', async (_name, more) => {
    const { url, handler } = await bench.listen();
    const raw = await bench.raw(url);
    const block = hpack(callFields(PATH, more));
    const first = block.subarray(0, 16_000);
    raw.write(frame(FRAME.headers, block.length <= 16_000 ? END_HEADERS : 0, 1, first));
    for (let at = 16_000; at < block.length; at += 16_000)
      raw.write(frame(FRAME.continuation, at + 16_000 >= block.length ? END_HEADERS : 0, 1, block.subarray(at, at + 16_000)));
    await raw.until(() => raw.closed || raw.frames.some(({ stream }) => stream === 1) || raw.of(FRAME.goaway).length > 0);
    expect(handler.heads).toEqual([]);
    expect(await bench.peer(url).call(PATH, Buffer.of(1))).toMatchObject({ code: 0 });
  });

  test('a CONTINUATION without end closes the connection', async () => {
    const { url, handler } = await bench.listen();
    const raw = await bench.raw(url);
    raw.write(frame(FRAME.headers, 0, 1, hpack(callFields(PATH))));
    for (let count = 0; count < 1000 && !raw.closed; count += 1) {
      raw.write(frame(FRAME.continuation, 0, 1, hpack([[`x-${count}`, 'y'.repeat(100)]])));
      if (count % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await raw.until(() => raw.closed || raw.of(FRAME.goaway).length > 0);
    expect(handler.heads).toEqual([]);
  });

  test.each([true, false])('streams over maxConcurrentStreams are refused (settings acknowledged: %s)', async (acknowledges) => {
    const handler = new GrpcRecorder();
    const { url } = await bench.listen({ maxConcurrentStreams: 3 }, handler);
    const raw = await bench.raw(url);
    await raw.until(() => raw.of(FRAME.settings).length > 1); // theirs, and the acknowledgement of ours
    if (acknowledges) raw.write(frame(FRAME.settings, ACK, 0));
    for (let stream = 1; stream < 21; stream += 2) raw.write(openAt(stream));
    // Newer Nodes end the whole connection of a client that knew the limit.
    await raw.until(() => raw.of(FRAME.reset).length > 0 || raw.of(FRAME.goaway).length > 0);
    expect(handler.heads.length).toBe(3);
  });

  test('HTTP/1.1 and noise are closed, and the listener lives on', async () => {
    const { url, handler } = await bench.listen({ handshakeTimeoutMs: 200 });
    for (const noise of ['GET / HTTP/1.1\r\nHost: a\r\n\r\n', '\u0000\u0001\u0002'.repeat(100)]) {
      const raw = await bench.raw(url, false);
      raw.write(Buffer.from(noise));
      await raw.until(() => raw.closed);
    }
    expect(await bench.peer(url).call(PATH, Buffer.of(1))).toMatchObject({ code: 0 });
    expect(handler.heads).toHaveLength(1);
  });

  test('connections over the limit are closed', async () => {
    const { url } = await bench.listen({ maxConnections: 2 });
    const [first, second] = [await bench.raw(url), await bench.raw(url)];
    await first.until(() => first.frames.length > 0);
    await second.until(() => second.frames.length > 0);
    const third = await bench.raw(url);
    await third.until(() => third.closed);
    expect(first.closed || second.closed).toBe(false);
  });
});
