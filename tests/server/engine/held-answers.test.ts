import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { HttpAnswer } from '../../../pipeline/host.ts';
import { HeldAnswers } from '../../../server/engine/held-answers.ts';
import { httpBench, until } from '../../support/http-bench.ts';
import { engines } from '../../support/http-engines.ts';

const REFUSAL: HttpAnswer = { status: 429, body: 'wait' };
/** Until somebody lets it go. */
const LONG_MS = 60_000;
const SHORT_MS = 40;

describe('answers that wait', () => {
  test('go once, when their time has come, when all go, or never', async () => {
    const answers = new HeldAnswers(100);
    const gone: string[] = [];
    const held = (name: string) => ({ letGo: () => void gone.push(name) });
    const late = held('late');
    answers.add(held('soon'), 1);
    answers.add(late, LONG_MS);
    answers.add(held('with all'), LONG_MS);
    await until(() => gone.length === 1);
    answers.delete(late);
    answers.delete(late);
    answers.letGo();
    answers.letGo();
    expect(gone).toEqual(['soon', 'with all']);
  });

  test('are a quarter of the connections at most', () => {
    const answers = new HeldAnswers(11);
    const all = Array.from({ length: 3 }, () => ({ letGo: () => {} }));
    expect(all.map((held) => answers.add(held, LONG_MS))).toEqual([true, true, false]);
    answers.delete(all[0]!);
    expect(answers.add(all[2]!, LONG_MS)).toBe(true);
    answers.letGo();
  });
});

describe.each(engines)('a refusal that waits, on %s', (engine) => {
  const { listen, raw } = httpBench(engine);

  test.each([0, 1, 5000])('of a request of %d bytes: it comes when it may, and the connection stays', async (size) => {
    const { handler, url } = await listen();
    handler.onHead = () => ({ ...REFUSAL, holdMs: SHORT_MS });
    const connection = await raw(url);
    const from = performance.now();
    expect(await connection.post('/', 'x'.repeat(size)).answer()).toMatchObject({ status: 429 });
    expect(performance.now() - from).toBeGreaterThan(SHORT_MS - 2);
    handler.onHead = () => undefined;
    expect((await connection.post('/', 'next').answer())?.body.toString()).toBe('next');
    expect(handler).toMatchObject({ gones: 0, faults: [] });
    expect(handler.bodies).toHaveLength(1);
  });

  test('of a chunked request: the same, and no body is handed over', async () => {
    const { handler, url } = await listen();
    handler.onHead = () => ({ ...REFUSAL, holdMs: SHORT_MS });
    const connection = await raw(url);
    connection.head('POST', '/', { 'Transfer-Encoding': 'chunked' }).write('3\r\nabc\r\n0\r\n\r\n');
    expect(await connection.answer()).toMatchObject({ status: 429 });
    expect(handler.bodies).toEqual([]);
  });

  test('of a large request: nothing more of it is read meanwhile, and it reaches a sender that is still sending', async () => {
    const { handler, url } = await listen({ maxBodyBytes: 64 << 20 });
    handler.onHead = () => ({ ...REFUSAL, holdMs: 300 });
    const connection = await raw(url);
    connection.head('POST', '/', { 'Content-Length': 64 << 20 });
    for (let sent = 0; sent < 64; sent += 1) connection.write(Buffer.alloc(1 << 20));
    await sleep(100);
    // What the kernel and the engine hold for a socket that nobody reads: far less than the body.
    expect(connection.socket.bytesWritten - connection.socket.writableLength).toBeLessThan(32 << 20);
    expect(await connection.answer()).toMatchObject({ status: 429, headers: { connection: 'close' } });
    expect(handler.bodies).toEqual([]);
  });

  test('of a head that was judged later: the same', async () => {
    const { handler, url } = await listen();
    handler.onHead = async () => {
      await sleep(20);
      return { ...REFUSAL, holdMs: SHORT_MS };
    };
    const connection = await raw(url);
    expect(await connection.post('/', 'x'.repeat(1000)).answer()).toMatchObject({ status: 429 });
    handler.onHead = () => undefined;
    expect((await connection.post('/', 'next').answer())?.body.toString()).toBe('next');
  });

  test('whose sender leaves: nobody is answered, and nothing is left under way', async () => {
    const { handler, listener, url } = await listen();
    handler.onHead = () => ({ ...REFUSAL, holdMs: SHORT_MS });
    const connection = await raw(url);
    connection.head('POST', '/', { 'Content-Length': 1000 }).write('x');
    await until(() => handler.heads.length === 1);
    connection.destroy();
    await sleep(2 * SHORT_MS);
    // Would wait for what is under way.
    await listener.close(LONG_MS);
    expect(handler).toMatchObject({ gones: 0, bodies: [], faults: [] });
  });

  test('takes no more than its share of the connections: others are refused at once, and nobody else is', async () => {
    const { handler, url } = await listen({ maxConnections: 8 });
    handler.onHead = (head) => (head.path === '/noisy' ? { ...REFUSAL, holdMs: LONG_MS } : undefined);
    const noisy = await Promise.all(Array.from({ length: 4 }, () => raw(url)));
    for (const [at, connection] of noisy.entries()) {
      connection.post('/noisy', 'x');
      await until(() => handler.heads.length === at + 1);
    }
    for (const connection of noisy.slice(2)) expect(await connection.answer()).toMatchObject({ status: 429 });
    const quiet = await raw(url);
    expect((await quiet.post('/', 'hello').answer())?.body.toString()).toBe('hello');
    expect(noisy[0]!.rest).toHaveLength(0);
  });

  test('comes at once when the listener closes', async () => {
    const { handler, listener, url } = await listen();
    handler.onHead = () => ({ ...REFUSAL, holdMs: LONG_MS });
    const connection = await raw(url);
    connection.post('/', 'x');
    await until(() => handler.heads.length === 1);
    const closed = listener.close(5000);
    expect(await connection.answer()).toMatchObject({ status: 429 });
    await closed;
  });
});
