import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { openHttp } from '../../../server/engine/index.ts';
import { HTTP_OPTIONS, httpBench, Recorder, until } from '../../support/http-bench.ts';
import { engines } from '../../support/http-engines.ts';
import { RawHttp } from '../../support/raw-http.ts';

describe.each(engines)('listening with %s', (engine) => {
  const { listen, raw } = httpBench(engine);

  test('a port in use is one clear line', async () => {
    const { url } = await listen();
    const endpoint = url.replace('http://', '');
    await expect(openHttp({ ...HTTP_OPTIONS, endpoint }, new Recorder(), engine)).rejects.toThrow(
      `cannot listen on ${url}: another process listens there; stop it, or set another endpoint`,
    );
  });

  test('an address that is not this machine is one clear line', async () => {
    await expect(openHttp({ ...HTTP_OPTIONS, endpoint: '192.0.2.1:0' }, new Recorder(), engine)).rejects.toThrow(
      'cannot listen on http://192.0.2.1:0: this machine has no such address',
    );
  });

  test.each(['localhost', '4318', 'localhost:99999', 'localhost:port', '::1:4318'])('"%s" is no endpoint', async (endpoint) => {
    await expect(openHttp({ ...HTTP_OPTIONS, endpoint }, new Recorder(), engine)).rejects.toThrow(
      `cannot listen on "${endpoint}": an endpoint is host:port`,
    );
  });

  test('localhost is both 127.0.0.1 and, where there is one, ::1', async () => {
    const { url } = await listen({ endpoint: 'localhost:0' });
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect((await (await raw(url)).post('/', 'four').answer())?.body.toString()).toBe('four');
    const six = await RawHttp.open(url.replace('127.0.0.1', '[::1]')).catch(() => undefined);
    if (six === undefined) return; // no IPv6 here
    expect((await six.post('/', 'six').answer())?.body.toString()).toBe('six');
    six.destroy();
  });

  test('close finishes what is under way and takes nothing new', async () => {
    const { handler, url, listener } = await listen();
    handler.onRequest = async () => {
      await sleep(100);
      return { status: 200, body: 'done' };
    };
    const idle = await raw(url);
    await idle.post('/', 'x').answer();
    const busy = await raw(url);
    busy.post('/', 'x');
    await until(() => handler.bodies.length === 2);
    const closing = listener.close(10_000);
    expect(listener.close(10_000)).toBe(closing);
    await expect(RawHttp.open(url)).rejects.toThrow('ECONNREFUSED');
    expect(await busy.answer()).toMatchObject({ status: 200, headers: { connection: 'close' } });
    await closing;
    await Promise.all([idle.closed, busy.closed]);
  });

  test('close cuts what is not finished at the deadline', async () => {
    const { handler, url, listener } = await listen();
    handler.onRequest = () => new Promise(() => undefined);
    const waiting = await raw(url);
    waiting.post('/', 'x');
    const half = await raw(url);
    half.head('POST', '/', { 'Content-Length': 10 }).write('x');
    await until(() => handler.bodies.length === 1 && handler.heads.length === 2);
    await listener.close(50);
    await Promise.all([waiting.closed, half.closed]);
    expect(handler.gones).toBe(1);
  });

  test('a closed port can be listened on again at once', async () => {
    const free = await listen();
    await free.listener.close(0);
    const endpoint = free.url.replace('http://', '');
    for (let at = 0; at < 3; at += 1) {
      const { url, listener } = await listen({ endpoint });
      // The listener closes first, so its side of the connection stays in TIME_WAIT.
      const connection = await raw(url);
      await connection.post('/', 'x').answer();
      await listener.close(1000);
      await connection.closed;
    }
  });
});

test('PERISCOPE_HTTP_ENGINE that names no engine is one clear line', async () => {
  process.env['PERISCOPE_HTTP_ENGINE'] = 'apache';
  try {
    await expect(openHttp(HTTP_OPTIONS, new Recorder())).rejects.toThrow(
      'cannot use the HTTP engine "apache": PERISCOPE_HTTP_ENGINE is uws, net or node',
    );
    process.env['PERISCOPE_HTTP_ENGINE'] = 'node';
    const listener = await openHttp(HTTP_OPTIONS, new Recorder());
    expect(listener.engine).toBe('node');
    await listener.close(0);
  } finally {
    delete process.env['PERISCOPE_HTTP_ENGINE'];
  }
});

test('uWebSockets is taken where it loads, and where it does not a wish for it is one clear line', async () => {
  const listener = await openHttp(HTTP_OPTIONS, new Recorder());
  expect(listener.engine).toBe(engines[0]);
  await listener.close(0);
  if (!engines.includes('uws'))
    await expect(openHttp(HTTP_OPTIONS, new Recorder(), 'uws')).rejects.toThrow('cannot use the HTTP engine uws: ');
});
