import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { acceptOf, closeFrame, frame, HANDSHAKE, OPCODE } from '../../support/raw-web-socket.ts';
import { until } from '../../support/http-bench.ts';
import { engines } from '../../support/http-engines.ts';
import { PATH, webSocketBench } from '../../support/web-socket-bench.ts';

describe.each(engines)('WebSockets of HTTP engine %s', (engine) => {
  const { listen, connect, raw } = webSocketBench(engine);

  describe('the handshake', () => {
    test('is answered as RFC 6455 wants it, with the subprotocol that was chosen and no extension', async () => {
      const { handler, url } = await listen();
      handler.protocol = 'two';
      const http = await raw(url);
      const answer = await http
        .head('GET', `${PATH}?a=b`, {
          ...HANDSHAKE,
          'Sec-WebSocket-Protocol': 'one, two',
          'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits',
        })
        .answer();
      expect(answer?.status).toBe(101);
      expect(answer?.headers['upgrade']?.toLowerCase()).toBe('websocket');
      expect(answer?.headers['connection']?.toLowerCase()).toBe('upgrade');
      expect(answer?.headers['sec-websocket-accept']).toBe(acceptOf(HANDSHAKE['Sec-WebSocket-Key']!));
      expect(answer?.headers['sec-websocket-protocol']).toBe('two');
      expect(answer?.headers).not.toHaveProperty('sec-websocket-extensions');
      expect(handler.upgrades).toEqual([{ path: PATH, query: 'a=b', protocols: 'one, two', address: '127.0.0.1' }]);
    });

    test('names no subprotocol where none was chosen', async () => {
      const { url } = await listen();
      const answer = await (await raw(url)).head('GET', PATH, { ...HANDSHAKE, 'Sec-WebSocket-Protocol': 'one' }).answer();
      expect([answer?.status, answer?.headers['sec-websocket-protocol']]).toEqual([101, undefined]);
    });

    test.each([
      ['another version', 426, { 'Sec-WebSocket-Version': '8' }],
      ['no version', 426, { 'Sec-WebSocket-Version': '' }],
      ['a short key', 400, { 'Sec-WebSocket-Key': 'abc' }],
      ['a key that is no base64', 400, { 'Sec-WebSocket-Key': '!'.repeat(24) }],
      ['a connection that is not to be upgraded', 400, { Connection: 'keep-alive' }],
      ['a body', 400, { 'Content-Length': '3' }],
    ])('with %s is refused with %d', async (_what, status, wrong) => {
      const { handler, url } = await listen();
      const http = await raw(url);
      const answer = await http.head('GET', PATH, { ...HANDSHAKE, ...wrong }).answer();
      expect(answer?.status).toBe(status);
      if (status === 426) expect(answer?.headers['sec-websocket-version']).toBe('13');
      await http.closed;
      expect(handler.upgrades).toEqual([]);
    });

    test('with POST is refused', async () => {
      const { url } = await listen();
      expect((await (await raw(url)).head('POST', PATH, HANDSHAKE).answer())?.status).toBe(405);
    });

    test('on another path, or for another protocol, is a plain request', async () => {
      const { handler, url } = await listen();
      const other = await (await raw(url)).head('GET', '/other', HANDSHAKE).answer();
      expect(other?.status).toBe(200);
      const h2c = { Connection: 'Upgrade, HTTP2-Settings', Upgrade: 'h2c', 'HTTP2-Settings': 'AAMAAABkAAQAoAAAAAIAAAAA' };
      expect((await (await raw(url)).head('GET', PATH, h2c).answer())?.status).toBe(200);
      expect([handler.upgrades.length, handler.heads.length]).toEqual([0, 2]);
    });

    test('can be refused by the handler, at once or later, with an answer in words', async () => {
      const { handler, url } = await listen();
      const refusal = { status: 401, headers: { 'WWW-Authenticate': 'Bearer' }, body: 'who are you?' };
      for (const answer of [refusal, sleep(10, refusal)]) {
        handler.onUpgrade = () => answer;
        const http = await raw(url);
        const got = await http.head('GET', PATH, HANDSHAKE).answer();
        expect([got?.status, got?.headers['www-authenticate'], got?.body.toString()]).toEqual([401, 'Bearer', 'who are you?']);
        await http.closed;
      }
    });

    test('may be decided later, and a client that leaves meanwhile is told to the handler', async () => {
      const { handler, url } = await listen();
      let decide = (): void => {};
      handler.onUpgrade = () => new Promise((resolve) => (decide = () => resolve(handler.accept())));
      const late = await raw(url);
      late.head('GET', PATH, HANDSHAKE);
      await until(() => handler.upgrades.length === 1);
      decide();
      expect((await late.answer())?.status).toBe(101);
      const gone = await raw(url);
      gone.head('GET', PATH, HANDSHAKE);
      await until(() => handler.upgrades.length === 2);
      gone.destroy();
      await sleep(30);
      decide();
      await until(() => handler.abandoned === 1);
      expect(handler.sockets.length).toBe(1);
    });

    test('over the connections of the listener is answered 503', async () => {
      const { url } = await listen({ maxConnections: 2 });
      await connect(url);
      await connect(url);
      expect((await (await raw(url)).head('GET', PATH, HANDSHAKE).answer())?.status).toBe(503);
    });
  });

  describe('messages', () => {
    test('go both ways as they are, text and binary, empty to the limit', async () => {
      const { handler, url } = await listen();
      handler.echo = true;
      const client = await connect(url);
      for (const size of [0, 1, 125, 126, 127, 65_535, 65_536]) {
        for (const opcode of [OPCODE.text, OPCODE.binary]) {
          const payload = Buffer.alloc(size, 'x');
          const got = await client.write(frame(opcode, payload)).next();
          expect([got?.opcode, got?.fin, got?.masked, got?.reserved, got?.payload.equals(payload)]).toEqual([
            opcode,
            true,
            false,
            0,
            true,
          ]);
        }
      }
    });

    test('a message in fragments, with a ping between them, is one', async () => {
      const { handler, url } = await listen();
      const client = await connect(url);
      client.write(
        frame(OPCODE.text, 'Grüß', { fin: false }),
        frame(OPCODE.ping, 'here'),
        frame(OPCODE.continuation, ' G', { fin: false }),
        frame(OPCODE.continuation, 'ott'),
      );
      const pong = await client.next();
      expect([pong?.opcode, pong?.payload.toString()]).toEqual([OPCODE.pong, 'here']);
      await until(() => handler.messages.length === 1);
      expect(handler.messages).toEqual(['Grüß Gott']);
    });

    test('a character that is cut by a fragment is whole', async () => {
      const { handler, url } = await listen();
      const bytes = Buffer.from('€');
      (await connect(url)).write(
        frame(OPCODE.text, bytes.subarray(0, 1), { fin: false }),
        frame(OPCODE.continuation, bytes.subarray(1)),
      );
      await until(() => handler.messages.length === 1);
      expect(handler.messages).toEqual(['€']);
    });

    test('bytes that come one by one, or all frames at once, are the same messages', async () => {
      const { handler, url } = await listen();
      const texts = ['', 'a', 'ß€', 'x'.repeat(126), 'y'.repeat(300)];
      const bytes = Buffer.concat(texts.map((text) => frame(OPCODE.text, text)));
      (await connect(url)).write(bytes);
      await until(() => handler.messages.length === texts.length);
      const slow = await connect(url);
      for (const byte of bytes) {
        slow.write(Uint8Array.of(byte));
        if (byte % 16 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      await until(() => handler.messages.length === 2 * texts.length);
      expect(handler.messages).toEqual([...texts, ...texts]);
    });

    test('a length in more bytes than it needs means the same', async () => {
      const { handler, url } = await listen();
      const client = await connect(url);
      client.write(frame(OPCODE.text, 'two', { lengthBytes: 2 }), frame(OPCODE.text, 'eight', { lengthBytes: 8 }));
      await until(() => handler.messages.length === 2);
      expect(handler.messages).toEqual(['two', 'eight']);
    });

    test('a ping of ours is answered by every client, and told', async () => {
      const { handler, url } = await listen();
      const client = new WebSocket(`${url.replace('http', 'ws')}${PATH}`);
      await until(() => handler.sockets.length === 1);
      handler.sockets[0]?.ping();
      await until(() => handler.pongs === 1);
      client.terminate();
      await until(() => handler.closes.length === 1);
    });
  });

  describe('a client that breaks the protocol is cut off, and nobody else', () => {
    const close = (bytes: number[]): Buffer => frame(OPCODE.close, Uint8Array.from(bytes));
    test('an unmasked frame is never read as what it says', async () => {
      const { handler, url } = await listen();
      const client = await connect(url);
      client.write(frame(OPCODE.text, 'hello, world', { masked: false }));
      if (engine === 'uws') client.write('abcd');
      else expect(await client.closeCode()).toBe(1002);
      await until(() => handler.closes.length + handler.messages.length === 1);
      expect(handler.messages).not.toContain('hello, world');
    });

    test.each<readonly [string, number, readonly Buffer[]]>([
      ['RSV1 without an extension', 1002, [frame(OPCODE.text, 'hi', { reserved: 4 })]],
      ['RSV2', 1002, [frame(OPCODE.text, 'hi', { reserved: 2 })]],
      ['RSV3', 1002, [frame(OPCODE.text, 'hi', { reserved: 1 })]],
      ['RSV1 on a ping', 1002, [frame(OPCODE.ping, 'hi', { reserved: 4 })]],
      ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((opcode) => [`reserved opcode ${opcode}`, 1002, [frame(opcode, 'hi')]] as const),
      ['a ping in fragments', 1002, [frame(OPCODE.ping, 'hi', { fin: false })]],
      ['a close in fragments', 1002, [frame(OPCODE.close, '', { fin: false })]],
      ['a ping of 126 bytes', 1002, [frame(OPCODE.ping, 'x'.repeat(126))]],
      ['a pong of 126 bytes', 1002, [frame(OPCODE.pong, 'x'.repeat(126))]],
      ['a continuation of nothing', 1002, [frame(OPCODE.continuation, 'hi')]],
      ['a text within a text', 1002, [frame(OPCODE.text, 'a', { fin: false }), frame(OPCODE.text, 'b')]],
      ['a continuation after the end', 1002, [frame(OPCODE.text, 'a'), frame(OPCODE.continuation, 'b')]],
      ['text that is no UTF-8', 1007, [frame(OPCODE.text, Uint8Array.of(0xc3, 0x28))]],
      ['text with a lone surrogate', 1007, [frame(OPCODE.text, Uint8Array.of(0xed, 0xa0, 0x80))]],
      ['text with an overlong character', 1007, [frame(OPCODE.text, Uint8Array.of(0xc0, 0xaf))]],
      ['text that ends within a character', 1007, [frame(OPCODE.text, Uint8Array.of(0xe2, 0x82))]],
      [
        'text whose last fragment ends within a character',
        1007,
        [frame(OPCODE.text, Uint8Array.of(0xe2), { fin: false }), frame(OPCODE.continuation, Uint8Array.of(0x82))],
      ],
      ['a close code in one byte', 1002, [close([3])]],
      ...[0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000].map(
        (code) => [`close code ${code}`, 1002, [closeFrame(code)]] as const,
      ),
      ['a close reason that is no UTF-8', 1007, [closeFrame(1000, Uint8Array.of(0xff))]],
      ['a message over the limit', 1009, [frame(OPCODE.text, 'x'.repeat(65_537))]],
      [
        'a length over the limit, of which nothing comes',
        1009,
        [frame(OPCODE.text, '', { lengthBytes: 8, saidLength: 1n << 40n })],
      ],
      ['a length of 2^63', 1009, [frame(OPCODE.text, '', { lengthBytes: 8, saidLength: 1n << 63n })]],
      [
        'fragments that together are over the limit',
        1009,
        [frame(OPCODE.binary, Buffer.alloc(60_000), { fin: false }), frame(OPCODE.continuation, Buffer.alloc(6000))],
      ],
    ])('%s (%i)', async (_what, code, frames) => {
      const { handler, url } = await listen();
      const bystander = await connect(url);
      const client = await connect(url);
      client.write(...frames);
      const got = await client.closeCode();
      // uWebSockets cuts without a close frame, but answers a close frame of the client's even where it makes no sense.
      if (engine === 'uws') expect([undefined, 0, code, 1000, 1005, 1006]).toContain(got);
      else expect(got).toBe(code);
      await until(() => handler.closes.length === 1);
      handler.echo = true;
      expect((await bystander.text('still here').next())?.payload.toString()).toBe('still here');
    });

    test('whatever bytes come after the handshake, the connection ends or goes on and the listener lives', async () => {
      const { handler, url } = await listen();
      const client = await connect(url);
      await fc.assert(
        fc.asyncProperty(fc.array(anyFrame, { maxLength: 6 }), async (frames) => {
          const attacker = await connect(url);
          attacker.write(...frames, closeFrame(1000));
          attacker.http.socket.end();
          await attacker.http.closed;
        }),
        { numRuns: 150, endOnFailure: true },
      );
      handler.echo = true;
      expect((await client.text('alive').next())?.payload.toString()).toBe('alive');
      await until(() => handler.closes.length === handler.sockets.length - 1);
    });
  });

  describe('the end', () => {
    test('a close of the client is answered with its code, and told once', async () => {
      const { handler, url } = await listen();
      for (const code of [1000, 1001, 1011, 3000, 4999]) {
        const client = await connect(url);
        client.write(closeFrame(code, 'bye'));
        expect(await client.closeCode()).toBe(engine === 'uws' && code === 3000 ? 0 : code);
        await client.http.closed;
      }
      await until(() => handler.closes.length === 5);
      expect(handler.closes).toEqual([1000, 1001, 1011, engine === 'uws' ? 1006 : 3000, 4999]);
    });

    test('a close of ours carries code and reason behind all that was sent', async () => {
      const { handler, url } = await listen();
      const client = await connect(url);
      const [socket] = handler.sockets;
      socket?.send(Buffer.alloc(500_000, 'x'), false);
      socket?.close(4413, 'too slow');
      expect((await client.next())?.payload.length).toBe(500_000);
      const end = await client.next();
      expect([end?.opcode, end?.payload.readUInt16BE(0), end?.payload.subarray(2).toString()]).toEqual([8, 4413, 'too slow']);
      client.write(closeFrame(4413));
      await client.http.closed;
      await until(() => handler.closes.length === 1);
      // What comes after the end is harmless.
      socket?.send(Buffer.from('late'), false);
      socket?.ping();
      socket?.close(1000, '');
      socket?.terminate();
      await sleep(10);
      expect([handler.closes.length, socket?.bufferedBytes]).toEqual([1, 0]);
    });

    test('a connection that is terminated ends without a close frame', async () => {
      const { handler, url } = await listen();
      const client = await connect(url);
      handler.sockets[0]?.terminate();
      expect(await client.closeCode()).toBeUndefined();
      await until(() => handler.closes.length === 1);
      expect(handler.closes).toEqual([1006]);
    });

    test('a client that vanishes is told as 1006', async () => {
      const { handler, url } = await listen();
      (await connect(url)).http.destroy();
      await until(() => handler.closes.length === 1);
      expect(handler.closes).toEqual([1006]);
    });

    test('a listener that closes says goodbye to all, with a code that lets them come again', async () => {
      const { handler, url, listener } = await listen();
      const client = new WebSocket(`${url.replace('http', 'ws')}${PATH}`);
      const code = new Promise<number>((resolve) => client.once('close', resolve));
      const silent = await connect(url);
      await until(() => handler.sockets.length === 2);
      const closed = listener.close(200);
      expect(await code).toBe(1012);
      expect(await silent.closeCode()).toBe(1012);
      await closed;
      await silent.http.closed;
      await until(() => handler.closes.length === 2);
    });

    test('a change of hands leaves open connections to their owner', async () => {
      const { handler, url, listener } = await listen();
      handler.echo = true;
      const client = await connect(url);
      const next = new (handler.constructor as new () => typeof handler)();
      next.protocol = 'next';
      const handed = listener.handTo(next as never);
      await listener.close(50);
      expect((await client.text('hello').next())?.payload.toString()).toBe('hello');
      await connect(url);
      expect([handler.sockets.length, next.sockets.length]).toEqual([1, 1]);
      await handed.close(100);
    });
  });

  test('what a client does not read is counted, and told when it was taken', async () => {
    const { handler, url } = await listen();
    const client = await connect(url);
    client.http.socket.pause();
    const [socket] = handler.sockets;
    const chunk = Buffer.alloc(1 << 20, 'x');
    let sent = 0;
    while ((socket?.bufferedBytes ?? 0) < 1 << 20 && sent < 64) {
      socket?.send(chunk, true);
      sent += 1;
      await sleep(1);
    }
    expect(socket?.bufferedBytes).toBeGreaterThanOrEqual(1 << 20);
    const before = handler.drains;
    client.http.socket.resume();
    for (let at = 0; at < sent; at += 1) expect((await client.next())?.payload.length).toBe(1 << 20);
    await until(() => handler.drains > before && socket?.bufferedBytes === 0);
  });
});

const anyFrame = fc
  .record({
    opcode: fc.nat(15),
    payload: fc.uint8Array({ maxLength: 200 }),
    fin: fc.boolean(),
    reserved: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, fc.nat(7)),
    masked: fc.oneof({ weight: 4, arbitrary: fc.constant(true) }, fc.constant(false)),
    lengthBytes: fc.constantFrom(undefined, 2 as const, 8 as const),
    cut: fc.oneof({ weight: 4, arbitrary: fc.constant(Infinity) }, fc.nat(20)),
  })
  .map(({ opcode, payload, cut, lengthBytes, ...parts }) =>
    frame(opcode, payload, lengthBytes === undefined ? parts : { ...parts, lengthBytes }).subarray(0, cut),
  );
