import { createServer, get, type IncomingMessage, request as httpRequest } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MeasuredApp } from '../../../support/measured-app.ts';

const NAME = 'http.client.request.duration';
/** Where nobody listens any more. */
async function deadUrl(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return `http://127.0.0.1:${port}/`;
}

interface Ask {
  readonly name: string;
  readonly ask: (url: string, method?: string) => Promise<void>;
}

const CLIENTS: readonly Ask[] = [
  { name: 'http-client', ask: byHttp },
  {
    name: 'fetch',
    ask: async (url, method = 'GET') => {
      await (await fetch(url, { method })).text();
    },
  },
];

async function byHttp(url: string, method = 'GET'): Promise<void> {
  const request = httpRequest(url, { method }).end();
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  response.resume();
  await once(request, 'close');
}

describe.each(CLIENTS)('instrumentation $name', ({ name, ask }) => {
  let app: MeasuredApp;
  let url: string;
  beforeEach(async () => {
    app = new MeasuredApp([name]);
    url = await app.listen(
      createServer((request, response) => {
        if (request.url === '/cut') {
          response.writeHead(200, { 'content-length': '100' });
          response.write('only this');
          setTimeout(() => response.destroy(), 20);
          return;
        }
        response.statusCode = Number(new URL(request.url!, 'http://a').searchParams.get('status') ?? 200);
        setTimeout(() => response.end('body'), 20);
      }),
    );
  });
  afterEach(async () => {
    await app.close();
    expect(app.faults).toEqual([]);
  });

  it('measures a request until its body has come, by whom it asked', async () => {
    await ask(`${url}/some/path?status=201`, 'POST');
    const [point, ...others] = await app.durations(NAME, 1);
    expect(others).toEqual([]);
    expect(point!.attributes).toEqual({
      'http.request.method': 'POST',
      'http.response.status_code': 201,
      'server.address': '127.0.0.1',
      'server.port': Number(new URL(url).port),
      'url.scheme': 'http',
      ...(name === 'fetch' ? {} : { 'network.protocol.version': '1.1' }),
    });
    expect(point!.seconds).toBeGreaterThan(0.01);
  });

  it('takes a status from 400 on as an error', async () => {
    await ask(`${url}?status=399`);
    await ask(`${url}?status=404`);
    const points = await app.durations(NAME, 2);
    expect(points.map(({ attributes }) => attributes['error.type'])).toEqual([undefined, '404']);
  });

  it('counts a refused connection, with the code of its error', async () => {
    const dead = await deadUrl();
    await expect(ask(dead)).rejects.toThrow();
    const [point] = await app.durations(NAME, 1);
    expect(point!.attributes).toEqual({
      'http.request.method': 'GET',
      'server.address': '127.0.0.1',
      'server.port': Number(new URL(dead).port),
      'url.scheme': 'http',
      'error.type': 'ECONNREFUSED',
    });
  });

  it('counts a response that was cut off as an error with a status', async () => {
    const asking = name === 'fetch' ? ask(`${url}/cut`) : cutOff(`${url}/cut`);
    await expect(asking).rejects.toThrow();
    const [point] = await app.durations(NAME, 1);
    expect(point!.attributes['http.response.status_code']).toBe(200);
    expect(point!.attributes['error.type']).toMatch(/^(ECONNRESET|UND_ERR_SOCKET)$/);
  });

  it('does not count what the agent itself sends', async () => {
    const own = url;
    const other = await app.listen(createServer((_, response) => response.end()));
    const first = app;
    first.instrumentations.stop();
    app = new MeasuredApp([name], { ownEndpoints: [`${own}/v1/metrics`, 'no url'] });
    await ask(`${own}/v1/metrics`, 'POST');
    await ask(`${own}/v1/metrics?again`, 'POST');
    await ask(`${other}/counted`);
    await ask(`${own}/counted`);
    const points = await app.durations(NAME, 2);
    expect(points.map(({ attributes, count }) => [attributes['server.port'], count])).toEqual([
      [Number(new URL(other).port), 1],
      [Number(new URL(own).port), 1],
    ]);
    await first.close();
  });

  it('leaves a rejection and an error that nobody handles as they were', async () => {
    const dead = await deadUrl();
    const error = await ask(dead).catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(Error);
    // No listener of ours makes an `error` event look handled.
    const request = get(dead);
    expect(request.listenerCount('error')).toBe(0);
    request.on('error', () => undefined);
    await new Promise((resolve) => request.on('close', resolve));
  });
});

async function cutOff(url: string): Promise<void> {
  const request = get(url);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  response.resume();
  await once(response, 'end');
}
