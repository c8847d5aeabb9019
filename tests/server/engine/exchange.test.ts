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
