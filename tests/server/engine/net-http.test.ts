import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { HttpAnswer } from '../../../pipeline/host.ts';
import { LIMITS } from '../../../pipeline/limits.ts';
import { httpBench } from '../../support/http-bench.ts';

/** What the conformance suite leaves open: the ways in which this engine decides for itself. */
describe('HTTP on node:net', () => {
  const { listen, raw } = httpBench('net');
  const post = (body: string): string => `POST / HTTP/1.1\r\nHost: test\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

  test.each([
    ['a head that is too long', `GET / HTTP/1.1\r\nHost: t\r\nX: ${'x'.repeat(LIMITS.headerBytes)}\r\n\r\n`, 431],
    ['a head that is too long and has no end', `GET / HTTP/1.1\r\nHost: t\r\nX: ${'x'.repeat(LIMITS.headerBytes)}`, 431],
    ['no Host', 'GET / HTTP/1.1\r\n\r\n', 400],
    ['two Hosts', 'GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n', 400],
    ['another version', 'GET / HTTP/1.2\r\nHost: a\r\n\r\n', 505],
    ['another method', 'BREW / HTTP/1.1\r\nHost: a\r\n\r\n', 400],
    ['another expectation', 'POST / HTTP/1.1\r\nHost: a\r\nExpect: tea\r\nContent-Length: 1\r\n\r\nx', 417],
    ['a folded line', 'GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n', 400],
    ['a space before a colon', 'GET / HTTP/1.1\r\nHost : a\r\n\r\n', 400],
    ['a bare line feed', 'GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n', 400],
    ['a bare carriage return', 'GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n', 400],
    ['chunks of HTTP/1.0', 'POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', 400],
  ])('%s is refused, and what follows is not read', async (_what, bytes, status) => {
    const { handler, url } = await listen();
    const connection = await raw(url);
    connection.write(bytes, post('behind'));
    expect(await connection.answer()).toMatchObject({ status, headers: { connection: 'close' } });
    await connection.closed;
    expect(handler.bodies).toEqual([]);
  });

  test.each([
    ['a chunk longer than it says', '3\r\nabcd\r\n0\r\n\r\n'],
    ['a bare line feed behind a size', '3\nabc\r\n0\r\n\r\n'],
    ['a blank behind a size', '3 \r\nabc\r\n0\r\n\r\n'],
    ['a size of nine digits', '000000003\r\nabc\r\n0\r\n\r\n'],
    ['a size line without end', '3'.repeat(300)],
    ['trailers that are none', '3\r\nabc\r\n0\r\nno colon\r\n\r\n'],
    ['trailers without end', `3\r\nabc\r\n0\r\n${'X: y\r\n'.repeat(4000)}`],
  ])('%s ends the request and the connection', async (_what, bytes) => {
    const { handler, url } = await listen();
    const connection = await raw(url);
    connection.head('POST', '/', { 'Transfer-Encoding': 'chunked' }).write(bytes);
    expect((await connection.answer())?.status).toBe(400);
    await connection.closed;
    expect(handler).toMatchObject({ bodies: [], gones: 1 });
  });

  test('an unused connection is closed after keepAliveTimeout, one that never said a word after headerTimeout', async () => {
    const used = await listen({ keepAliveTimeoutMs: 200, headerTimeoutMs: 60_000 });
    const connection = await raw(used.url);
    expect((await connection.post('/', 'x').answer())?.status).toBe(200);
    await connection.closed;
    const silent = await listen({ keepAliveTimeoutMs: 60_000, headerTimeoutMs: 200 });
    await (
      await raw(silent.url)
    ).closed;
  });

  test('a refused sender that does not send the rest of its body is closed after idleTimeout', async () => {
    const { handler, url } = await listen({ idleTimeoutMs: 200 });
    handler.onHead = () => ({ status: 404 });
    const connection = await raw(url);
    connection.head('POST', '/', { 'Content-Length': 1000 }).write('x');
    expect((await connection.answer())?.status).toBe(404);
    await connection.closed;
  });

  test('a body that is too long and then broken gets one answer', async () => {
    const { handler, url } = await listen({ maxBodyBytes: 10 });
    const connection = await raw(url);
    connection.head('POST', '/', { 'Transfer-Encoding': 'chunked' }).write('14\r\n' + 'x'.repeat(20) + 'broken\r\n');
    expect((await connection.answer())?.status).toBe(413);
    await connection.closed;
    expect(connection.rest.length).toBe(0);
    expect(handler).toMatchObject({ bodies: [], faults: ['BODY_TOO_LARGE'], gones: 1 });
  });

  test('half a head is answered 408', async () => {
    const { url } = await listen({ headerTimeoutMs: 200 });
    const connection = await raw(url);
    connection.write('POST / HTTP/1.1\r\nHo');
    expect((await connection.answer())?.status).toBe(408);
    await connection.closed;
  });

  test('a sender that says it sends no more gets every answer, then the end', async () => {
    const { handler, url } = await listen();
    handler.onRequest = async (_head, body) => {
      await sleep(10);
      return { status: 200, body };
    };
    const connection = await raw(url);
    connection.write(post('one') + post('two') + post('three'));
    connection.socket.end();
    const bodies: unknown[] = [];
    for (let at = 0; at < 3; at++) bodies.push((await connection.answer())?.body.toString());
    expect(bodies).toEqual(['one', 'two', 'three']);
    await connection.closed;
  });

  test('a sender that reads no answers is not read either', async () => {
    const { handler, url } = await listen();
    const answer: HttpAnswer = { status: 200, body: 'x'.repeat(1 << 20) };
    handler.onRequest = () => answer;
    const connection = await raw(url);
    connection.socket.pause();
    for (let at = 0; at < 64; at++) connection.write(post('x'));
    let before = -1;
    // Sockets take some megabytes by themselves; then it stands still.
    while (before !== handler.bodies.length || before === 0) {
      before = handler.bodies.length;
      await sleep(50);
    }
    expect(before).toBeLessThan(64);
    connection.socket.resume();
    for (let at = 0; at < 64; at++) expect((await connection.answer())?.body.length).toBe(1 << 20);
    expect(handler.bodies.length).toBe(64);
  });

  test('answers say when they were given', async () => {
    const { url } = await listen();
    const answer = await (await raw(url)).post('/', 'x').answer();
    expect(Math.abs(Date.parse(answer?.headers['date'] ?? '') - Date.now())).toBeLessThan(60_000);
  });

  test('HTTP/1.0 is answered, and its connection closed', async () => {
    const { url } = await listen();
    const connection = await raw(url);
    connection.write('POST / HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nhi');
    expect(await connection.answer()).toMatchObject({ status: 200, headers: { connection: 'close' } });
    await connection.closed;
  });
});
