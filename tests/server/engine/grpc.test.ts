import { describe, expect, test } from 'vitest';
import { openGrpc } from '../../../server/engine/grpc.ts';
import { grpcBench, GrpcRecorder } from '../../support/grpc-bench.ts';
import { until } from '../../support/http-bench.ts';
import { ACK, callFields, END_HEADERS, ENHANCE_YOUR_CALM, FRAME, frame, hpack, prefixed } from '../../support/raw-grpc.ts';

const PATH = '/test.Service/Method';
const DEADLINE_EXCEEDED = 4;
const RESOURCE_EXHAUSTED = 8;
const UNIMPLEMENTED = 12;
const INTERNAL = 13;
const UNAVAILABLE = 14;
const openAt = (stream: number): Buffer => frame(FRAME.headers, END_HEADERS, stream, hpack(callFields(PATH)));

describe('a gRPC listener', () => {
  const bench = grpcBench(openGrpc);

  describe('calls', () => {
    test.each([0, 1, 100, 16_379, 16_384, 70_000, 1 << 20])('a message of %i bytes goes there and back', async (length) => {
      const { url, handler } = await bench.listen();
      const sent = Buffer.alloc(length, 7);
      const reply = await bench.peer(url).call(PATH, sent, { metadata: { 'x-tenant': 'a' } });
      expect(reply).toMatchObject({ code: 0 });
      expect(reply.message?.equals(sent)).toBe(true);
      expect(handler.prefixes).toEqual([{ bytes: length, compressed: false }]);
      expect(handler.heads[0]?.path).toBe(PATH);
      expect(handler.heads[0]?.header('x-tenant')).toBe('a');
      expect(handler.heads[0]?.headers()).toMatchObject({ 'x-tenant': 'a', 'content-type': 'application/grpc' });
      expect(Object.keys(handler.heads[0]?.headers() ?? {}).some((name) => name.startsWith(':'))).toBe(false);
      expect(handler.heads[0]?.remoteAddress).toBe('127.0.0.1');
      expect(handler.gones).toBe(0);
    });

    test('many calls of one connection are answered each with its own', async () => {
      const handler = new GrpcRecorder();
      handler.onRequest = async (_head, message) => {
        await new Promise((resolve) => setTimeout(resolve, (message[0] ?? 0) % 7));
        return { status: 0, message };
      };
      const { url } = await bench.listen({ maxConcurrentStreams: 10 }, handler);
      const peer = bench.peer(url);
      const replies = await Promise.all(Array.from({ length: 100 }, (_, index) => peer.call(PATH, Buffer.of(index))));
      expect(replies.map(({ message }) => message?.[0])).toEqual(Array.from({ length: 100 }, (_, index) => index));
    });

    test('a status, its words in any script, its details and trailing metadata reach the caller', async () => {
      const handler = new GrpcRecorder();
      const details = Uint8Array.of(8, 14, 18, 1, 97);
      handler.onRequest = () => ({ status: 14, words: 'später, 100 % sûr\n✓', details, metadata: { 'x-more': 'yes' } });
      const { url } = await bench.listen({}, handler);
      const reply = await bench.peer(url).call(PATH, Buffer.of(1));
      expect(reply).toMatchObject({ code: 14, words: 'später, 100 % sûr\n✓', message: undefined });
      expect(reply.metadata.get('x-more')).toEqual(['yes']);
      expect(reply.metadata.get('grpc-status-details-bin')).toEqual([Buffer.from(details)]);
    });

    test('an error is one HEADERS frame that ends the stream', async () => {
      const handler = new GrpcRecorder();
      handler.onHead = () => ({ status: 7, words: 'no' });
      const { url } = await bench.listen({}, handler);
      const raw = await bench.raw(url);
      raw.call(1, PATH, prefixed(Buffer.of(1)));
      await raw.until(() => raw.of(FRAME.headers).length > 0);
      expect(raw.of(FRAME.headers)[0]).toMatchObject({ stream: 1, flags: END_HEADERS | 1 });
      expect(raw.of(FRAME.data)).toEqual([]);
      expect(handler.prefixes).toEqual([]);
    });

    test('a head may be judged later: nothing is read before', async () => {
      const handler = new GrpcRecorder();
      let decide: (answer: undefined) => void = () => undefined;
      handler.onHead = () => new Promise((resolve) => (decide = resolve));
      const { url } = await bench.listen({}, handler);
      const reply = bench.peer(url).call(PATH, Buffer.of(1));
      await until(() => handler.heads.length === 1);
      await new Promise((resolve) => setTimeout(resolve, 30));
      expect(handler.prefixes).toEqual([]);
      decide(undefined);
      expect(await reply).toMatchObject({ code: 0 });
    });

    test('a handler that throws or rejects is an INTERNAL, and the connection lives on', async () => {
      const handler = new GrpcRecorder();
      const { url } = await bench.listen({}, handler);
      const peer = bench.peer(url);
      handler.onRequest = () => {
        throw new Error('bug');
      };
      expect(await peer.call(PATH, Buffer.of(1))).toMatchObject({ code: INTERNAL });
      handler.onRequest = () => Promise.reject(new Error('bug'));
      expect(await peer.call(PATH, Buffer.of(1))).toMatchObject({ code: INTERNAL });
      handler.onHead = () => {
        throw new Error('bug');
      };
      expect(await peer.call(PATH, Buffer.of(1))).toMatchObject({ code: INTERNAL });
      handler.onHead = () => undefined;
      handler.onRequest = () => ({ status: 0 });
      expect(await peer.call(PATH, Buffer.of(1))).toMatchObject({ code: 0 });
    });

    test.each([
      ['GET', 'application/grpc', '405'],
      ['POST', 'application/json', '415'],
      ['POST', 'application/grpc+json', '415'],
      ['POST', 'application/grpc-web', '415'],
    ])('%s of %s is answered HTTP %s', async (method, contentType, status) => {
      const { url, handler } = await bench.listen();
      const { connect } = await import('node:http2');
      const session = connect(url);
      const stream = session.request({ ':method': method, ':path': PATH, 'content-type': contentType }, { endStream: true });
      const answered = await new Promise((resolve) => stream.once('response', (headers) => resolve(String(headers[':status']))));
      expect(answered).toBe(status);
      expect(handler.heads).toEqual([]);
      session.destroy();
    });
  });

  describe('admission', () => {
    test('the prefix alone gets a message refused: what follows is not kept', async () => {
      const handler = new GrpcRecorder();
      handler.onPrefix = () => ({ status: UNAVAILABLE, words: 'no memory' });
      const { url } = await bench.listen({}, handler);
      const raw = await bench.raw(url);
      raw.write(openAt(1), frame(FRAME.data, 0, 1, prefixed(new Uint8Array(), 500_000)));
      await raw.until(() => raw.of(FRAME.reset).length > 0);
      // NO_ERROR: the answer stands, the rest need not be sent.
      expect(raw.of(FRAME.reset)[0]?.payload.readUInt32BE(0)).toBe(0);
      expect(handler).toMatchObject({ prefixes: [{ bytes: 500_000 }], messages: [], gones: 1 });
    });

    test('a length over the limit is refused before the handler is asked', async () => {
      const { url, handler } = await bench.listen({ maxMessageBytes: 1000 });
      expect(await bench.peer(url).call(PATH, Buffer.alloc(1001))).toMatchObject({ code: RESOURCE_EXHAUSTED });
      expect(await bench.peer(url).call(PATH, Buffer.alloc(1000))).toMatchObject({ code: 0 });
      expect(handler).toMatchObject({ faults: ['BODY_TOO_LARGE'], prefixes: [{ bytes: 1000 }], gones: 1 });
    });

    test.each([
      ['shorter than its prefix says', prefixed(Buffer.of(1, 2, 3), 4), 'MESSAGE_FRAMING'],
      ['a prefix that is cut off', Buffer.of(0, 0, 0), 'MESSAGE_FRAMING'],
      ['unknown flags', prefixed(Buffer.of(1), 1, 2), 'MESSAGE_FRAMING'],
      ['longer than its prefix says', prefixed(Buffer.of(1, 2, 3), 2), 'UNIMPLEMENTED'],
      ['two messages', Buffer.concat([prefixed(Buffer.of(1)), prefixed(Buffer.of(2))]), 'UNIMPLEMENTED'],
      ['no message', new Uint8Array(), 'UNIMPLEMENTED'],
      ['4 GiB announced', prefixed(Buffer.of(1), 0xffff_ffff), 'BODY_TOO_LARGE'],
    ])('%s is refused, and the connection lives on', async (_title, body, code) => {
      const { url, handler } = await bench.listen();
      const raw = await bench.raw(url);
      raw.call(1, PATH, body);
      await until(() => handler.faults.length > 0);
      expect(handler).toMatchObject({ faults: [code], messages: [], gones: 1 });
      raw.call(3, PATH, prefixed(Buffer.of(9)));
      await until(() => handler.messages.length === 1);
    });
  });

  describe('time', () => {
    test('a call that is not answered before its deadline gets DEADLINE_EXCEEDED, and a late answer is dropped', async () => {
      const handler = new GrpcRecorder();
      let answer: (late: { status: number }) => void = () => undefined;
      handler.onRequest = () => new Promise((resolve) => (answer = resolve));
      const { url } = await bench.listen({}, handler);
      const raw = await bench.raw(url);
      raw.call(1, PATH, prefixed(Buffer.of(1)), [['grpc-timeout', '100m']]);
      await until(() => handler.faults.length > 0);
      expect(handler).toMatchObject({ faults: ['DEADLINE_EXCEEDED'], gones: 0 });
      answer({ status: 0 });
      await raw.until(() => raw.of(FRAME.headers).length === 1);
      expect(raw.of(FRAME.data)).toEqual([]);
    });

    test('a deadline ends a message that is still coming in', async () => {
      const { url, handler } = await bench.listen();
      const raw = await bench.raw(url);
      const head = frame(FRAME.headers, END_HEADERS, 1, hpack(callFields(PATH, [['grpc-timeout', '50m']])));
      raw.write(head, frame(FRAME.data, 0, 1, prefixed(new Uint8Array(), 100)));
      await until(() => handler.gones === 1);
      expect(handler.faults).toEqual(['DEADLINE_EXCEEDED']);
    });

    test.each([
      ['0n', DEADLINE_EXCEEDED],
      ['soon', 3],
      ['123456789S', 3],
      ['99999999H', 0],
    ])('grpc-timeout %s comes to %i', async (timeout, code) => {
      const { url } = await bench.listen();
      expect(await bench.peer(url).call(PATH, Buffer.of(1), { metadata: { 'grpc-timeout': timeout } })).toMatchObject({ code });
    });

    test('a half-open call, and a message that stalls, end after idleTimeoutMs', async () => {
      const { url, handler } = await bench.listen({ idleTimeoutMs: 100 });
      const raw = await bench.raw(url);
      raw.write(openAt(1), openAt(3), frame(FRAME.data, 0, 3, prefixed(Buffer.of(1), 100)));
      await until(() => handler.gones === 2);
      expect(handler.faults).toEqual(['REQUEST_TIMEOUT', 'REQUEST_TIMEOUT']);
      await raw.until(() => raw.of(FRAME.reset).length === 2);
    });

    test('a message that trickles in ends after readTimeoutMs', async () => {
      const { url, handler } = await bench.listen({ idleTimeoutMs: 1000, readTimeoutMs: 200 });
      const raw = await bench.raw(url);
      raw.write(openAt(1), frame(FRAME.data, 0, 1, prefixed(new Uint8Array(), 10_000)));
      const drip = setInterval(() => raw.write(frame(FRAME.data, 0, 1, Buffer.of(1))), 20);
      await until(() => handler.faults.length > 0);
      clearInterval(drip);
      expect(handler.faults).toEqual(['REQUEST_TIMEOUT']);
    });

    test('a connection that says nothing is closed after handshakeTimeoutMs', async () => {
      const { url } = await bench.listen({ handshakeTimeoutMs: 100 });
      const raw = await bench.raw(url, false);
      await raw.until(() => raw.closed);
    });

    test('a caller that leaves is told to the handler once', async () => {
      const { url, handler } = await bench.listen();
      const raw = await bench.raw(url);
      raw.write(openAt(1), frame(FRAME.data, 0, 1, prefixed(new Uint8Array(), 100)));
      await until(() => handler.prefixes.length === 1);
      raw.destroy();
      await until(() => handler.gones === 1);
      expect(handler.faults).toEqual([]);
    });
  });

  describe('keepalive', () => {
    const keepalive = {
      maxIdleMs: 0,
      maxAgeMs: 0,
      maxAgeGraceMs: 0,
      timeMs: 0,
      timeoutMs: 20_000,
      minPingIntervalMs: 300_000,
      pingWithoutStream: false,
    };

    test('an idle connection is asked to go, one with a call under way is not', async () => {
      const handler = new GrpcRecorder();
      let answer: (late: { status: number }) => void = () => undefined;
      handler.onRequest = () => new Promise((resolve) => (answer = resolve));
      const { url } = await bench.listen({ keepalive: { ...keepalive, maxIdleMs: 100 } }, handler);
      const idle = await bench.raw(url);
      const busy = await bench.raw(url);
      busy.call(1, PATH, prefixed(Buffer.of(1)));
      await idle.until(() => idle.of(FRAME.goaway).length > 0);
      expect(busy.of(FRAME.goaway)).toEqual([]);
      answer({ status: 0 });
      await busy.until(() => busy.of(FRAME.goaway).length > 0);
    });

    test('an old connection finishes its calls, and is cut after the grace', async () => {
      const handler = new GrpcRecorder();
      handler.onRequest = () => new Promise(() => undefined);
      const { url } = await bench.listen({ keepalive: { ...keepalive, maxAgeMs: 100, maxAgeGraceMs: 100 } }, handler);
      const raw = await bench.raw(url);
      raw.call(1, PATH, prefixed(Buffer.of(1)));
      await raw.until(() => raw.of(FRAME.goaway).length > 0);
      expect(raw.closed).toBe(false);
      await raw.until(() => raw.closed);
    });

    test('a silent connection is pinged, and cut when it does not answer', async () => {
      const { url } = await bench.listen({ keepalive: { ...keepalive, timeMs: 60, timeoutMs: 60 } });
      const raw = await bench.raw(url);
      await raw.until(() => raw.of(FRAME.ping).length > 0);
      const ping = raw.of(FRAME.ping)[0]!;
      raw.write(frame(FRAME.ping, ACK, 0, ping.payload));
      await raw.until(() => raw.of(FRAME.ping).length > 1);
      await raw.until(() => raw.closed);
    });

    test('a connection whose client broke the rules and left gives its place free', async () => {
      const { url } = await bench.listen({ maxConnections: 1, keepalive: { ...keepalive, timeMs: 50, timeoutMs: 50 } });
      const raw = await bench.raw(url);
      raw.write(frame(FRAME.data, 0, 5, Buffer.of(1))); // of a stream that is not there
      await raw.until(() => raw.of(FRAME.goaway).length > 0);
      raw.destroy();
      for (;;) {
        const next = await bench.raw(url);
        await next.until(() => next.closed || next.of(FRAME.settings).length > 0);
        if (next.of(FRAME.settings).length > 0) break;
      }
    });

    test('a client that pings too often is sent away with too_many_pings', async () => {
      const { url } = await bench.listen();
      const raw = await bench.raw(url);
      for (let count = 0; count < 4; count += 1) raw.write(frame(FRAME.ping, 0, 0, Buffer.alloc(8, count)));
      await raw.until(() => raw.closed);
      const goaway = raw.of(FRAME.goaway)[0]!.payload;
      expect(goaway.readUInt32BE(4)).toBe(ENHANCE_YOUR_CALM);
      expect(goaway.subarray(8).toString()).toBe('too_many_pings');
    });

    test('a client that pings as often as it is permitted stays', async () => {
      const { url, handler } = await bench.listen({ keepalive: { ...keepalive, minPingIntervalMs: 0, pingWithoutStream: true } });
      const raw = await bench.raw(url);
      for (let count = 0; count < 10; count += 1) raw.write(frame(FRAME.ping, 0, 0, Buffer.alloc(8, count)));
      await raw.until(() => raw.of(FRAME.ping).length === 10);
      raw.call(1, PATH, prefixed(Buffer.of(1)));
      await until(() => handler.messages.length === 1);
    });
  });

  describe('closing', () => {
    test('calls under way are answered, new ones go elsewhere', async () => {
      const handler = new GrpcRecorder();
      let answer: (late: { status: number; message: Uint8Array }) => void = () => undefined;
      handler.onRequest = () => new Promise((resolve) => (answer = resolve));
      const { url, listener } = await bench.listen({}, handler);
      const peer = bench.peer(url);
      const reply = peer.call(PATH, Buffer.of(1));
      await until(() => handler.messages.length === 1);
      const closed = listener.close(5000);
      answer({ status: 0, message: Buffer.alloc(300_000, 5) });
      expect((await reply).message?.length).toBe(300_000);
      await closed;
      expect(await bench.peer(url).call(PATH, Buffer.of(1))).toMatchObject({ code: UNAVAILABLE });
    });

    test('what is not answered by the deadline is cut, and close is safe twice', async () => {
      const handler = new GrpcRecorder();
      handler.onRequest = () => new Promise(() => undefined);
      const { url, listener } = await bench.listen({}, handler);
      const reply = bench.peer(url).call(PATH, Buffer.of(1));
      await until(() => handler.messages.length === 1);
      await Promise.all([listener.close(20), listener.close(20)]);
      expect((await reply).code).not.toBe(0);
      expect((await reply).code).not.toBe(UNIMPLEMENTED);
    });
  });
});
