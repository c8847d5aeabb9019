import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { HttpAnswer } from '../../../pipeline/host.ts';
import { httpBench, Recorder, until } from '../../support/http-bench.ts';
import { engines, uwsLoads } from '../../support/http-engines.ts';
import { RawHttp } from '../../support/raw-http.ts';

test.runIf(process.version.startsWith('v20.'))('uWebSockets loads on Node 20', () => {
  expect(uwsLoads).toBe(true);
});

describe.each(engines)('HTTP engine %s', (engine) => {
  const { listen, raw, destroyAll } = httpBench(engine);

  describe('a change of hands', () => {
    test('requests stay with the owner their head was for; the next head on the same connection is the new one’s', async () => {
      const { handler: old, listener, url } = await listen();
      const [slow, quick] = [await raw(url), await raw(url)];
      slow.head('POST', '/', { 'Content-Length': 4 }).write('sl');
      await until(() => old.heads.length === 1);
      expect((await quick.post('/', 'one').answer())?.body.toString()).toBe('one');

      const next = new Recorder();
      next.onRequest = (_head, body) => ({ status: 200, body: `new ${Buffer.from(body).toString()}` });
      const handed = listener.handTo(next as never);
      expect(handed.url).toBe(url);
      expect((await quick.post('/', 'two').answer())?.body.toString()).toBe('new two');
      let ended = false;
      const closed = listener.close(5000).then(() => (ended = true));
      await sleep(20);
      expect(ended).toBe(false);
      expect((await slow.write('ow').answer())?.body.toString()).toBe('slow');
      await closed;

      expect([old.bodies.length, next.bodies.length]).toEqual([2, 1]);
      expect((await quick.post('/', 'three').answer())?.body.toString()).toBe('new three');
      await handed.close(100);
      await expect(raw(url)).rejects.toThrow();
    });
  });

  describe('requests', () => {
    test('a body of a known length arrives whole, whatever its size', async () => {
      const { url } = await listen();
      const connection = await raw(url);
      for (const size of [0, 1, 4095, 4096, 4097, 65_535, 200_000, 1 << 20]) {
        const body = Buffer.from(Array.from({ length: size }, (_, at) => (at * 31) & 0xff));
        const answer = await connection.post('/', body).answer();
        expect(answer?.status).toBe(200);
        expect(answer?.body.equals(body)).toBe(true);
      }
    });

    test('a body stays as it came while others come in', async () => {
      const { handler, url } = await listen();
      const connection = await raw(url);
      for (const letter of ['a', 'b', 'c']) {
        connection.head('POST', '/', { 'Content-Length': 100_000 }).write(letter.repeat(50_000));
        await sleep(10);
        await connection.write(letter.repeat(50_000)).answer();
      }
      expect(handler.bodies.map((body) => Buffer.from(body).toString())).toEqual(
        ['a', 'b', 'c'].map((letter) => letter.repeat(100_000)),
      );
    });

    test('a chunked body arrives whole and says -1 for its length', async () => {
      const { handler, url } = await listen();
      const connection = await raw(url);
      connection.head('POST', '/', { 'Transfer-Encoding': 'chunked' });
      for (let at = 0; at < 30; at += 1) {
        connection.write(`3E8\r\n${'x'.repeat(1000)}\r\n`);
        if (at % 10 === 0) await sleep(5);
      }
      const answer = await connection.write('0\r\n\r\n').answer();
      expect(answer?.body.toString()).toBe('x'.repeat(30_000));
      expect(handler.heads[0]?.contentLength).toBe(-1);
      expect((await connection.post('/', 'next').answer())?.body.toString()).toBe('next');
    });

    test('an empty chunked body is empty', async () => {
      const { handler, url } = await listen();
      const connection = await raw(url);
      const answer = await connection.head('POST', '/', { 'Transfer-Encoding': 'chunked' }).write('0\r\n\r\n').answer();
      expect(answer?.status).toBe(200);
      expect(handler.bodies[0]?.length).toBe(0);
    });

    test('the head says method, path, query, sender and headers', async () => {
      const { handler, url } = await listen();
      const seen: Record<string, string>[] = [];
      handler.onHead = (head) => {
        seen.push({ one: head.header('x-one'), none: head.header('x-none') }, head.headers());
        head.state = 'kept';
        return undefined;
      };
      const connection = await raw(url);
      connection.write(
        'PUT /a%20b/c?d=e&f HTTP/1.1\r\nHost: test\r\nX-ONE: Eins\r\nX-Two: 1\r\nx-two: 2\r\nContent-Length: 2\r\n\r\nhi',
      );
      await connection.answer();
      const [head] = handler.heads;
      expect(head).toMatchObject({ method: 'PUT', path: '/a%20b/c', query: 'd=e&f', contentLength: 2, state: 'kept' });
      expect(seen[0]).toEqual({ one: 'Eins', none: '' });
      expect(seen[1]).toMatchObject({ host: 'test', 'x-one': 'Eins', 'x-two': '1, 2' });
    });

    test('the address of the sender is text', async () => {
      const { handler, url } = await listen();
      handler.onRequest = (head) => ({ status: 200, body: head.remoteAddress });
      const connection = await raw(url);
      expect((await connection.post('/', 'x').answer())?.body.toString()).toBe('127.0.0.1');
    });

    test('a header that is read after the head is a bug, and says so', async () => {
      const { handler, url } = await listen();
      handler.onRequest = (head) => ({ status: 200, body: head.header('host') });
      const connection = await raw(url);
      expect((await connection.post('/', 'x').answer())?.status).toBe(500);
      expect(handler.faults).toEqual(['INTERNAL']);
    });

    test('100 requests go over one connection', async () => {
      const { handler, url } = await listen();
      const connection = await raw(url);
      for (let at = 0; at < 100; at += 1) expect((await connection.post('/', `${at}`).answer())?.body.toString()).toBe(`${at}`);
      expect(handler.bodies.length).toBe(100);
    });

    test('requests sent in one go are answered in order', async () => {
      const { handler, url } = await listen();
      handler.onRequest = (_head, body) => Promise.resolve({ status: 200, body });
      const connection = await raw(url);
      const one = (body: string): string => `POST / HTTP/1.1\r\nHost: test\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
      connection.write(one('first') + one('second') + one('third'));
      const bodies: unknown[] = [];
      for (let at = 0; at < 3; at += 1) bodies.push((await connection.answer())?.body.toString());
      expect(bodies).toEqual(['first', 'second', 'third']);
    });

    test('Expect: 100-continue is told to go on', async () => {
      const { url } = await listen();
      const connection = await raw(url);
      connection.head('POST', '/', { 'Content-Length': 5, Expect: '100-continue' });
      await until(() => connection.rest.includes('100 Continue'));
      expect((await connection.write('hello').answer())?.body.toString()).toBe('hello');
      expect(connection.continues).toBe(1);
    });

    test('long headers are read', async () => {
      const { handler, url } = await listen();
      handler.onHead = (head) => ({ status: 200, body: String(head.header('x-long').length) });
      const connection = await raw(url);
      expect((await connection.post('/', 'x', { 'X-Long': 'a'.repeat(8000) }).answer())?.body.toString()).toBe('8000');
    });
  });

  describe('answers', () => {
    test('status, headers and bodies of every kind arrive', async () => {
      const { handler, url } = await listen();
      const large = 'ü'.repeat(500_000);
      const answers: HttpAnswer[] = [
        { status: 200 },
        { status: 200, body: 'text', headers: { 'Content-Type': 'a/b', 'X-Y': 'z' } },
        { status: 429, body: new Uint8Array([1, 0, 255]) },
        { status: 503, body: large },
      ];
      const connection = await raw(url);
      for (const answer of answers) {
        handler.onRequest = () => answer;
        const got = await connection.post('/', 'x').answer();
        expect(got?.status).toBe(answer.status);
        expect(got?.body.equals(Buffer.from(answer.body ?? ''))).toBe(true);
        for (const [name, value] of Object.entries(answer.headers ?? {})) expect(got?.headers[name.toLowerCase()]).toBe(value);
      }
    });

    test('HEAD gets the length and no body, 204 neither, and the connection goes on', async () => {
      const { handler, url } = await listen();
      handler.onHead = (head) =>
        head.method === 'OPTIONS' ? { status: 204, headers: { 'X-A': 'b' } } : { status: 200, body: 'hello' };
      const connection = await raw(url);
      const head = await connection.head('HEAD', '/').answer(true);
      expect(head?.headers['content-length']).toBe('5');
      const options = await connection.head('OPTIONS', '/').answer();
      expect(options).toMatchObject({ status: 204, headers: { 'x-a': 'b' } });
      expect(options?.headers['content-length']).toBeUndefined();
      expect((await connection.head('GET', '/').answer())?.body.toString()).toBe('hello');
    });

    test('an answer from the head ends a small request and keeps its connection', async () => {
      const { handler, url } = await listen();
      handler.onHead = (head) => (head.path === '/no' ? { status: 404, body: 'no' } : undefined);
      const connection = await raw(url);
      expect((await connection.post('/no', 'x'.repeat(1000)).answer())?.status).toBe(404);
      expect((await connection.post('/yes', 'hello').answer())?.body.toString()).toBe('hello');
      expect(handler.bodies.length).toBe(1);
      expect(handler.gones).toBe(0);
    });

    test('an answer from the head ends a large request without reading it, and reaches a sender that goes on', async () => {
      const { handler, url } = await listen();
      handler.onHead = () => ({ status: 404, body: 'no' });
      const connection = await raw(url);
      connection.head('POST', '/', { 'Content-Length': 1 << 20 }).write('x'.repeat(1 << 18));
      const answer = await connection.answer();
      expect(answer).toMatchObject({ status: 404, headers: { connection: 'close' } });
      connection.write('x'.repeat(1 << 18));
      connection.destroy();
      expect(handler.bodies.length).toBe(0);
    });

    test('without keep-alive every answer closes its connection', async () => {
      const { url } = await listen({ keepAliveTimeoutMs: 0 });
      const connection = await raw(url);
      expect((await connection.post('/', 'x').answer())?.headers['connection']).toBe('close');
      await connection.closed;
    });

    test.each(['head', 'request', 'rejection'] as const)(
      'a handler that fails in %s is answered as INTERNAL and the listener lives',
      async (where) => {
        const { handler, url } = await listen();
        const fail = (): never => {
          throw new Error('on purpose');
        };
        if (where === 'head') handler.onHead = fail;
        else handler.onRequest = where === 'request' ? fail : () => Promise.reject(new Error('on purpose'));
        const connection = await raw(url);
        expect((await connection.post('/', 'x').answer())?.status).toBe(500);
        expect(handler.faults).toEqual(['INTERNAL']);
        handler.onHead = () => ({ status: 200 });
        expect((await (await raw(url)).post('/', 'x').answer())?.status).toBe(200);
      },
    );
  });

  describe('limits', () => {
    test('a Content-Length over the limit is answered 413 before the body, and the head is not asked', async () => {
      const { handler, url } = await listen({ maxBodyBytes: 1000 });
      const connection = await raw(url);
      const answer = await connection.head('POST', '/', { 'Content-Length': 1001 }).answer();
      expect(answer).toMatchObject({ status: 413, headers: { connection: 'close' } });
      expect(handler).toMatchObject({ heads: [], bodies: [], gones: 0 });
      expect((await (await raw(url)).post('/', 'x'.repeat(1000)).answer())?.status).toBe(200);
    });

    test('a chunked body over the limit is answered 413 and let go', async () => {
      const { handler, url } = await listen({ maxBodyBytes: 1000 });
      const connection = await raw(url);
      connection.head('POST', '/', { 'Transfer-Encoding': 'chunked' });
      for (let at = 0; at < 20; at += 1) connection.write(`64\r\n${'x'.repeat(100)}\r\n`);
      expect((await connection.answer())?.status).toBe(413);
      expect(handler).toMatchObject({ bodies: [], faults: ['BODY_TOO_LARGE'], gones: 1 });
    });

    test('what follows a body is no part of it', async () => {
      const { handler, url } = await listen();
      const connection = await raw(url);
      connection.head('POST', '/', { 'Content-Length': 3 }).write('abcGARBAGE\r\n\r\n');
      await connection.closed;
      expect(handler.bodies.map((body) => Buffer.from(body).toString())).toEqual(['abc']);
    });

    test('a body that stalls is answered 408 and let go', async () => {
      const { handler, url } = await listen({ idleTimeoutMs: 150 });
      for (const sent of ['', 'x']) {
        const connection = await raw(url);
        connection.head('POST', '/', { 'Content-Length': 10 }).write(sent);
        expect((await connection.answer())?.status).toBe(408);
        await connection.closed;
      }
      expect(handler).toMatchObject({ bodies: [], faults: ['REQUEST_TIMEOUT', 'REQUEST_TIMEOUT'], gones: 2 });
    });

    test('a slow body that goes on is read', async () => {
      const { url } = await listen({ idleTimeoutMs: 400 });
      const connection = await raw(url);
      connection.head('POST', '/', { 'Content-Length': 12 });
      for (let at = 0; at < 12; at += 1) {
        await sleep(50);
        connection.write('x');
      }
      expect((await connection.answer())?.body.toString()).toBe('xxxxxxxxxxxx');
    });

    test('a body that drips for too long is answered 408', async () => {
      const { handler, url } = await listen({ readTimeoutMs: 300 });
      const connection = await raw(url);
      connection.head('POST', '/', { 'Content-Length': 1000 });
      const drip = setInterval(() => connection.write('x'), 20);
      expect((await connection.answer())?.status).toBe(408);
      clearInterval(drip);
      expect(handler.gones).toBe(1);
    });

    // uWebSockets would give up a body that brings less than 16 kB/s after 10 s.
    test('a body of a byte a second is read to its end', { timeout: 30_000 }, async () => {
      const seconds = engine === 'uws' ? 14 : 2;
      const { url } = await listen();
      const connection = await raw(url);
      connection.head('POST', '/', { 'Content-Length': seconds });
      for (let at = 0; at < seconds; at += 1) {
        await sleep(1000);
        connection.write('x');
      }
      expect((await connection.answer())?.body.length).toBe(seconds);
    });

    // uWebSockets has 10 s of its own, in steps of 4 s.
    test('a head that never ends is closed', { timeout: 30_000 }, async () => {
      const { handler, url } = await listen({ headerTimeoutMs: 300 });
      const half = await raw(url);
      half.write('POST / HTTP/1.1\r\nHost: te');
      const dripping = await raw(url);
      dripping.write('POST / HTTP/1.1\r\nHost: test\r\n');
      const drip = setInterval(() => dripping.write('X: y\r\n'), 500);
      await Promise.all([half.closed, dripping.closed]);
      clearInterval(drip);
      expect(handler.heads).toEqual([]);
    });

    test('connections with requests under way over the limit are answered 503', async () => {
      const { handler, url } = await listen({ maxConnections: 2 });
      for (let at = 0; at < 2; at += 1) (await raw(url)).head('POST', '/', { 'Content-Length': 5 }).write('x');
      await until(() => handler.heads.length === 2);
      const third = await raw(url);
      expect(await third.post('/', 'x').answer()).toMatchObject({ status: 503, headers: { connection: 'close' } });
      expect(handler.faults).toEqual(['TOO_MANY_CONNECTIONS']);
      destroyAll();
      await until(() => handler.gones === 2);
      expect((await (await raw(url)).post('/', 'x').answer())?.status).toBe(200);
    });

    test.each([
      ['no HTTP at all', '\x16\x03\x01\x02\x00\x01\x00\r\n\r\n'],
      ['a length that is none', 'POST / HTTP/1.1\r\nHost: t\r\nContent-Length: abc\r\n\r\nabc'],
      ['a negative length', 'POST / HTTP/1.1\r\nHost: t\r\nContent-Length: -3\r\n\r\nabc'],
      ['a length beyond all numbers', 'POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 99999999999999999999999\r\n\r\nabc'],
      ['a length and chunks', 'POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
      ['a transfer coding that is none', 'POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: gzip\r\n\r\nabc'],
      ['broken chunks', 'POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n'],
    ])('%s is refused, and nothing of it reaches the handler', async (_what, bytes) => {
      const { handler, url } = await listen();
      const connection = await raw(url);
      connection.write(bytes);
      await connection.closed;
      expect(handler.bodies).toEqual([]);
      const heads = handler.heads.length;
      expect((await (await raw(url)).post('/', 'x').answer())?.status).toBe(200);
      // What the head let pass was let go again.
      expect(handler.gones).toBe(heads);
    });
  });

  /** Each could mean one thing to a proxy in front and another to us: then bytes of one request become another request. */
  describe('requests whose end can be read in two ways', () => {
    const NEXT = 'POST /smuggled HTTP/1.1\r\nHost: t\r\nContent-Length: 0\r\n\r\n';

    test.each([
      ['two lengths, the shorter first', `Content-Length: 3\r\nContent-Length: ${3 + NEXT.length}`],
      ['two lengths, the longer first', `Content-Length: ${3 + NEXT.length}\r\nContent-Length: 3`],
      ['one length twice', 'Content-Length: 3\r\nContent-Length: 3'],
      ['a list of lengths', 'Content-Length: 3, 3'],
      ['a length and an empty one', 'Content-Length: 3\r\nContent-Length: '],
      ['an empty length and one', 'Content-Length: \r\nContent-Length: 3'],
      ['an empty length', 'Content-Length: '],
      ['a length with a sign', 'Content-Length: +3'],
      ['a length and chunks', 'Content-Length: 3\r\nTransfer-Encoding: chunked'],
      ['chunks and a length', 'Transfer-Encoding: chunked\r\nContent-Length: 3'],
      ['chunks twice', 'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked'],
      ['chunks that are not', 'Transfer-Encoding: chunked\r\nTransfer-Encoding: identity'],
      ['a coding before chunks', 'Transfer-Encoding: gzip, chunked'],
      ['a coding that looks like chunks', 'Transfer-Encoding: xchunked'],
    ])('%s: 400, the connection ends, and nothing reaches the handler', async (_what, headers) => {
      const { handler, url } = await listen();
      const head = `POST / HTTP/1.1\r\nHost: t\r\n${headers}\r\n\r\n`;
      for (const rest of ['', NEXT, `abc${NEXT}`, `0\r\n\r\n${NEXT}`]) {
        const connection = await raw(url);
        connection.write(head + rest);
        const answer = await connection.answer();
        // An engine that finds more behind such a head may refuse that, or close without a word.
        if (rest === '') expect(answer?.status).toBe(400);
        else expect([undefined, 400, 505]).toContain(answer?.status);
        connection.write(NEXT).socket.end();
        await connection.closed;
      }
      expect(handler).toMatchObject({ heads: [], bodies: [] });
    });

    // uWebSockets waits for an end of such a head, and closes after 10 s.
    test.each([
      ['a folded header', 'X: y\r\n Content-Length: 3\r\n\r\nabc'],
      ['a folded length', 'Content-Length:\r\n 3\r\n\r\nabc'],
      ['a bare LF behind a header', 'X: y\nContent-Length: 3\r\n\r\nabc'],
      ['a bare CR in a header', 'X: y\rContent-Length: 3\r\nX: z\r\n\r\nabc'],
      ['a NUL in a header', 'X: \0\r\nContent-Length: 3\r\n\r\nabc'],
      ['a blank before a colon', 'Content-Length : 3\r\n\r\nabc'],
      ['a blank before the colon of a coding', 'Content-Length: 3\r\nTransfer-Encoding : chunked\r\n\r\nabc'],
    ])('%s: nothing reaches the handler', async (_what, rest) => {
      const { handler, url } = await listen();
      const connection = await raw(url);
      connection.write(`POST /odd HTTP/1.1\r\nHost: t\r\n${rest}`);
      connection.socket.end();
      await connection.closed;
      expect((await (await raw(url)).post('/', 'x').answer())?.status).toBe(200);
      expect(handler.heads.map(({ path }) => path)).toEqual(['/']);
    });
  });

  describe('senders that are refused while they send', () => {
    test.each([
      ['with a length', {}, false],
      ['with a length, on a connection that ends', { Connection: 'close' }, false],
      ['in chunks', {}, true],
      ['in chunks, on a connection that ends', { Connection: 'close' }, true],
    ] as const)('%s: they read their 413 whole', async (_what, headers, chunked) => {
      const { handler, url } = await listen({ maxBodyBytes: 1000 });
      const size = 2_000_000;
      for (let round = 0; round < 4; round += 1) {
        const connection = await raw(url);
        const faults: unknown[] = [];
        connection.socket.on('error', (error) => faults.push(error));
        if (chunked)
          connection.head('POST', '/', { 'Transfer-Encoding': 'chunked', ...headers }).write(`${size.toString(16)}\r\n`);
        else connection.head('POST', '/', { 'Content-Length': size, ...headers });
        for (let sent = 0; sent < size; sent += 100_000) {
          connection.write('x'.repeat(100_000));
          await sleep(0);
        }
        if (chunked) connection.write('\r\n0\r\n\r\n');
        const answer = await connection.answer();
        expect(answer).toMatchObject({ status: 413, headers: { connection: 'close' } });
        expect(answer?.body.toString()).toBe('BODY_TOO_LARGE');
        expect(faults).toEqual([]);
      }
      expect(handler.bodies).toEqual([]);
    });

    test.each([{}, { Connection: 'close' }])('%j: one that stops in the middle reads its refusal too', async (headers) => {
      const { handler, url } = await listen();
      handler.onHead = () => ({ status: 404, body: 'not here' });
      const connection = await raw(url);
      connection.head('POST', '/', { 'Content-Length': 1 << 20, ...headers }).write('x'.repeat(1000));
      expect(await connection.answer()).toMatchObject({ status: 404, body: Buffer.from('not here') });
      expect(handler.gones).toBe(0);
    });
  });

  describe('senders that leave', () => {
    test('in the middle of a body: the handler hears it once and no body', async () => {
      const { handler, url } = await listen();
      const connection = await raw(url);
      connection.head('POST', '/', { 'Content-Length': 1000 }).write('x');
      await until(() => handler.heads.length === 1);
      await sleep(20);
      connection.destroy();
      await until(() => handler.gones === 1);
      expect(handler).toMatchObject({ bodies: [], lefts: 0 });
    });

    test('while their request is handled: the handler hears it once, and a late answer goes nowhere', async () => {
      const { handler, url, listener } = await listen();
      let answer: (value: HttpAnswer) => void = () => undefined;
      handler.onRequest = () => new Promise((resolve) => (answer = resolve));
      const connection = await raw(url);
      connection.post('/', 'x');
      await until(() => handler.bodies.length === 1);
      connection.destroy();
      await until(() => handler.lefts === 1);
      answer({ status: 200, body: 'late' });
      await sleep(10);
      expect(handler).toMatchObject({ gones: 0, lefts: 1, faults: [] });
      await listener.close(1000);
    });

    test('after their answer: nobody is told', async () => {
      const { handler, url } = await listen();
      const connection = await raw(url);
      expect((await connection.post('/', 'x').answer())?.status).toBe(200);
      connection.destroy();
      await sleep(50);
      expect(handler).toMatchObject({ gones: 0, lefts: 0 });
    });

    test('one thousand times: nothing stays under way', async () => {
      const { handler, url, listener } = await listen({ maxConnections: 2000 });
      for (let round = 0; round < 20; round += 1) {
        const connections = await Promise.all(Array.from({ length: 50 }, () => RawHttp.open(url)));
        for (const connection of connections) connection.head('POST', '/', { 'Content-Length': 100_000 }).write('x'.repeat(1000));
        await until(() => handler.heads.length === (round + 1) * 50);
        for (const connection of connections) connection.destroy();
      }
      await until(() => handler.gones === 1000);
      // Would wait for the deadline if one were still counted.
      await listener.close(60_000);
      expect(handler.bodies).toEqual([]);
    });
  });
});
