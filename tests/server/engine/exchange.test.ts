import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { HttpAnswer } from '../../../pipeline/host.ts';
import { httpBench, until, type Recorder } from '../../support/http-bench.ts';
import { engines } from '../../support/http-engines.ts';

/** A handler that takes its time over the head, as one that checks a signature does. */
function decideLater(handler: Recorder): { decide(answer: HttpAnswer | undefined): void; asked(): number } {
  const open: ((answer: HttpAnswer | undefined) => void)[] = [];
  let asked = 0;
  handler.onHead = () => {
    asked += 1;
    return new Promise((resolve) => open.push(resolve));
  };
  return { decide: (answer) => open.shift()?.(answer), asked: () => asked };
}

describe.each(engines)('a head that is judged later, on %s', (engine) => {
  const { listen, raw } = httpBench(engine);

  test.each([0, 1, 5000, 900_000])('a body of %d bytes waits and arrives whole', async (size) => {
    const { handler, url } = await listen();
    const later = decideLater(handler);
    const connection = await raw(url);
    const body = Buffer.from(Array.from({ length: size }, (_, at) => (at * 31) & 0xff));
    connection.post('/', body);
    await until(() => later.asked() === 1);
    await sleep(20);
    expect(handler.bodies).toEqual([]);
    later.decide(undefined);
    const answer = await connection.answer();
    expect(answer?.status).toBe(200);
    expect(answer?.body.equals(body)).toBe(true);
    // And the connection is as good as before.
    handler.onHead = () => undefined;
    expect((await connection.post('/', 'next').answer())?.body.toString()).toBe('next');
  });

  test('a chunked body waits and arrives whole', async () => {
    const { handler, url } = await listen();
    const later = decideLater(handler);
    const connection = await raw(url);
    connection.head('POST', '/', { 'Transfer-Encoding': 'chunked' }).write('3\r\nabc\r\n');
    await until(() => later.asked() === 1);
    connection.write('3\r\ndef\r\n0\r\n\r\n');
    await sleep(20);
    later.decide(undefined);
    expect((await connection.answer())?.body.toString()).toBe('abcdef');
  });

  // uWebSockets gives a connection that is read on 8 to 12 s, whether or not there is anything left to read.
  test(
    'an answer that is owed for long comes, however much of the body came before the verdict',
    { timeout: 30_000 },
    async () => {
      const { handler, url } = await listen();
      const later = decideLater(handler);
      handler.onRequest = async (_head, body) => {
        await sleep(engine === 'uws' ? 13_000 : 500);
        return { status: 200, body };
      };
      const whole = await raw(url);
      whole.post('/', 'whole');
      const inPieces = await raw(url);
      inPieces.head('POST', '/', { 'Content-Length': 6 }).write('abc');
      const inChunks = await raw(url);
      inChunks.head('POST', '/', { 'Transfer-Encoding': 'chunked' }).write('3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n');
      await until(() => later.asked() === 3);
      inPieces.write('def');
      // Longer than the time between two looks at requests that are being read.
      await sleep(1200);
      for (let at = 0; at < 3; at += 1) later.decide(undefined);
      const answers = await Promise.all([whole, inPieces, inChunks].map((connection) => connection.answer()));
      expect(answers.map((answer) => answer?.body.toString())).toEqual(['whole', 'abcdef', 'abcdef']);
      expect(handler.lefts).toBe(0);
    },
  );

  test('a refusal is answered, no body is handed over, and a small one costs no connection', async () => {
    const { handler, url } = await listen();
    const later = decideLater(handler);
    const connection = await raw(url);
    connection.post('/', 'secret');
    await until(() => later.asked() === 1);
    later.decide({ status: 401, body: 'no' });
    expect(await connection.answer()).toMatchObject({ status: 401 });
    handler.onHead = () => undefined;
    expect((await connection.post('/', 'next').answer())?.body.toString()).toBe('next');
    expect(handler.bodies.map((body) => Buffer.from(body).toString())).toEqual(['next']);
    expect(handler.gones).toBe(0);
  });

  test('a refusal reaches a sender of a large body that is still sending', async () => {
    const { handler, url } = await listen({ maxBodyBytes: 64 << 20 });
    const later = decideLater(handler);
    const connection = await raw(url);
    connection.head('POST', '/', { 'Content-Length': 32 << 20 }).write(Buffer.alloc(1 << 20));
    await until(() => later.asked() === 1);
    later.decide({ status: 401, body: 'no' });
    expect(await connection.answer()).toMatchObject({ status: 401 });
    expect(handler.bodies).toEqual([]);
  });

  test('a sender who leaves meanwhile is told of once, and only when the head was let pass', async () => {
    const { handler, url } = await listen();
    const later = decideLater(handler);
    for (const verdict of [undefined, { status: 401 }]) {
      const connection = await raw(url);
      const before = later.asked();
      connection.head('POST', '/', { 'Content-Length': 1000 }).write('x');
      await until(() => later.asked() === before + 1);
      connection.destroy();
      await sleep(30);
      later.decide(verdict);
      await sleep(5);
    }
    expect(handler).toMatchObject({ gones: 1, bodies: [], faults: [] });
  });

  test('a body that is too large is answered 413, read before the verdict or after it', async () => {
    const { handler, url } = await listen({ maxBodyBytes: 4 });
    const later = decideLater(handler);
    const connection = await raw(url);
    connection.write('POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n3\r\ndef\r\n');
    await until(() => later.asked() === 1);
    await sleep(30);
    later.decide(undefined);
    expect(await connection.answer()).toMatchObject({ status: 413 });
    await until(() => handler.gones === 1);
    expect(handler).toMatchObject({ bodies: [], faults: ['BODY_TOO_LARGE'] });
  });

  test('a body that comes too slowly meanwhile is answered 408, and the late verdict changes nothing', async () => {
    const { handler, url } = await listen({ idleTimeoutMs: 100 });
    const later = decideLater(handler);
    const connection = await raw(url);
    connection.head('POST', '/', { 'Content-Length': 1000 });
    expect(await connection.answer()).toMatchObject({ status: 408 });
    later.decide(undefined);
    await until(() => handler.gones === 1);
    expect(handler).toMatchObject({ bodies: [], faults: ['REQUEST_TIMEOUT'] });
  });
});
