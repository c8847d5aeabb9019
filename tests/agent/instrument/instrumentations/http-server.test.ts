import { createServer, get, request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HTTP_BUCKETS_S } from '../../../../agent/instrument/instrumentations/request-durations.ts';
import { setRoute } from '../../../../agent/instrument/instrumentations/routes.ts';
import { MeasuredApp } from '../../../support/measured-app.ts';

const NAME = 'http.server.request.duration';

describe('instrumentation http-server', () => {
  let app: MeasuredApp;
  beforeEach(() => {
    app = new MeasuredApp(['http-server']);
  });
  afterEach(async () => {
    await app.close();
    expect(app.faults).toEqual([]);
  });

  it('measures a request in s, by method, status, scheme and version, in the buckets of the conventions', async () => {
    const url = await app.listen(createServer((_, response) => void setTimeout(() => response.end('done'), 30)));
    await (await fetch(url)).text();
    const [point, ...others] = await app.durations(NAME, 1);
    expect(others).toEqual([]);
    expect(point!.attributes).toEqual({
      'http.request.method': 'GET',
      'http.response.status_code': 200,
      'url.scheme': 'http',
      'network.protocol.version': '1.1',
    });
    expect(point).toMatchObject({ count: 1, unit: 's', bounds: HTTP_BUCKETS_S });
    expect(point!.seconds).toBeGreaterThan(0.02);
    expect(point!.seconds).toBeLessThan(10);
  });

  it('names the status of an error that the server is to blame for as its type, and of no other', async () => {
    const url = await app.listen(
      createServer((request, response) => {
        response.statusCode = Number(request.url!.slice(1));
        response.end();
      }),
    );
    for (const status of [204, 302, 404, 503]) await fetch(`${url}/${status}`, { redirect: 'manual' });
    const points = await app.durations(NAME, 4);
    const types = points.map(({ attributes }) => [attributes['http.response.status_code'], attributes['error.type']]);
    expect(new Map(types as [number, unknown][])).toEqual(
      new Map<number, unknown>([
        [204, undefined],
        [302, undefined],
        [404, undefined],
        [503, '503'],
      ]),
    );
  });

  it('makes no series of paths, nor of methods that nobody knows', async () => {
    const server = createServer((_, response) => response.end());
    const url = new URL(await app.listen(server));
    for (const path of ['/a', '/b', '/c?d=e']) await (await fetch(new URL(path, url))).text();
    // What node:http's parser knows and the conventions do not.
    for (const method of ['PURGE', 'MKCOL']) {
      const request = httpRequest(url, { method }).end();
      const [response] = await once(request, 'response');
      response.resume();
      await once(response, 'end');
    }
    const points = await app.durations(NAME, 5);
    expect(points.map(({ attributes, count }) => [attributes['http.request.method'], count])).toEqual([
      ['GET', 3],
      ['_OTHER', 2],
    ]);
  });

  it('counts a request that its client gave up, as aborted', async () => {
    const url = await app.listen(createServer((request) => void request.resume()));
    const request = get(url);
    request.on('error', () => undefined);
    await once(request, 'socket');
    await new Promise((resolve) => setTimeout(resolve, 50));
    request.destroy();
    const [point] = await app.durations(NAME, 1);
    expect(point!.attributes).toMatchObject({ 'http.request.method': 'GET', 'error.type': 'aborted' });
    expect(point!.attributes).not.toHaveProperty('http.response.status_code');
  });

  it('counts each request of a connection that is kept', async () => {
    const url = new URL(await app.listen(createServer((_, response) => response.end('x'))));
    const socket = connect(Number(url.port), url.hostname);
    const ask = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
    socket.write(ask.repeat(5));
    const [point] = await app.durations(NAME, 5);
    expect(point!.count).toBe(5);
    socket.destroy();
  });

  it('takes the route that somebody set', async () => {
    const url = await app.listen(
      createServer((request, response) => {
        setRoute(request, '/users/:id');
        response.end();
      }),
    );
    for (const id of [1, 2, 3]) await fetch(`${url}/users/${id}`);
    const points = await app.durations(NAME, 3);
    expect(points.map(({ attributes, count }) => [attributes['http.route'], count])).toEqual([['/users/:id', 3]]);
  });

  it('measures nothing when it was stopped', async () => {
    const url = await app.listen(createServer((_, response) => response.end()));
    await fetch(url);
    await app.durations(NAME, 1);
    app.instrumentations.stop();
    app.instrumentations.stop();
    await fetch(url);
    const points = (await app.collect()).filter(({ metric }) => metric === NAME);
    expect(points.map(({ tree }) => Number(tree['count']))).toEqual([1]);
  });
});
