import { createServer, type Server } from 'node:http';
import { createAdaptorServer } from '@hono/node-server';
import express from 'express';
import fastify from 'fastify';
import { Hono } from 'hono';
import { afterEach, describe, expect, it } from 'vitest';
import { honoRoutes } from '../../../../agent/instrument/instrumentations/index.ts';
import { MeasuredApp } from '../../../support/measured-app.ts';

const NAME = 'http.server.request.duration';

let app: MeasuredApp;
afterEach(async () => {
  await app.close();
  expect(app.faults).toEqual([]);
});

/** The route and status of each of these paths, asked one after another. */
async function routesOf(url: string, paths: readonly string[]): Promise<readonly (readonly [unknown, number])[]> {
  for (const path of paths) await (await fetch(url + path)).text();
  const points = await app.durations(NAME, paths.length);
  return points.flatMap(({ attributes, count }) =>
    Array.from({ length: count }, () => [attributes['http.route'], Number(attributes['http.response.status_code'])] as const),
  );
}

describe('routes of Fastify', () => {
  it('are the patterns, of plugins with their prefix, of answers by hooks too, and none of what is not found', async () => {
    app = new MeasuredApp(['http-server', 'fastify']);
    const server = fastify();
    server.get('/users/:id', (_, reply) => reply.send('user'));
    server.register(
      (scoped, _, done) => {
        scoped.addHook('onRequest', (request, reply, next) => {
          if (request.headers.authorization === undefined) void reply.code(401).send();
          else next();
        });
        scoped.get('/orders/:order', () => 'order');
        done();
      },
      { prefix: '/v1' },
    );
    const url = await server.listen({ port: 0, host: '127.0.0.1' });
    try {
      expect(await routesOf(url, ['/users/1', '/users/2', '/v1/orders/3', '/nothing'])).toEqual([
        ['/users/:id', 200],
        ['/users/:id', 200],
        ['/v1/orders/:order', 401],
        [undefined, 404],
      ]);
    } finally {
      await server.close();
    }
  });

  it('are told by no instance that was made before, nor after the stop', async () => {
    const before = fastify();
    before.get('/a/:b', () => 'c');
    app = new MeasuredApp(['http-server', 'fastify']);
    const url = await before.listen({ port: 0, host: '127.0.0.1' });
    try {
      expect(await routesOf(url, ['/a/1'])).toEqual([[undefined, 200]]);
    } finally {
      await before.close();
    }
  });
});

describe('routes of Express', () => {
  function expressApp(): Server {
    const server = express();
    const orders = express.Router();
    orders.get('/:order', (_, response) => void response.send('order'));
    orders.get('/:order/fails', () => {
      throw new Error('as it should');
    });
    const users = express.Router({ mergeParams: true });
    users.get('/', (_, response) => void response.send('all'));
    users.use('/:user/orders', orders);
    const admin = express();
    admin.get('/jobs/:job', (_, response) => void response.send('job'));
    server.get('/', (_, response) => void response.send('home'));
    server.use('/users', users);
    server.use('/v1/orders', orders);
    server.use('/admin', admin);
    server.use(((_error, _request, response, _next) => void response.status(500).send('mended')) as express.ErrorRequestHandler);
    return createServer(server);
  }

  it('are the patterns with those of the mounts, whatever was asked for, errors included', async () => {
    app = new MeasuredApp(['http-server', 'express']);
    const url = await app.listen(expressApp());
    const paths = ['/', '/users', '/USERS/', '/users/1/orders/2', '/users/3/orders/4', '/v1/orders/5', '/admin/jobs/6'];
    expect(await routesOf(url, [...paths, '/users/7/orders/8/fails', '/v1/orders/9/fails', '/nothing'])).toEqual([
      ['/', 200],
      ['/users', 200],
      ['/users', 200],
      ['/users/:user/orders/:order', 200],
      ['/users/:user/orders/:order', 200],
      ['/v1/orders/:order', 200],
      ['/admin/jobs/:job', 200],
      ['/users/:user/orders/:order/fails', 500],
      ['/v1/orders/:order/fails', 500],
      [undefined, 404],
    ]);
  });

  it('are none of a request that another framework calls a route', async () => {
    app = new MeasuredApp(['http-server', 'express']);
    const url = await app.listen(
      createServer((request, response) => {
        Object.assign(request, { route: { path: '/foreign' } });
        response.end();
      }),
    );
    expect(await routesOf(url, ['/users/1'])).toEqual([[undefined, 200]]);
  });
});

describe('routes of Hono', () => {
  it('are told by its middleware, for answers of other middleware and errors too', async () => {
    app = new MeasuredApp(['http-server']);
    const hono = new Hono();
    hono.use(honoRoutes());
    hono.use('/private/*', async (context, next) =>
      context.req.header('authorization') === undefined ? context.text('no', 401) : next(),
    );
    hono.get('/users/:id', (context) => context.text('user'));
    hono.get('/users/:id/fails', () => {
      throw new Error('as it should');
    });
    hono.get('/private/:thing', (context) => context.text('thing'));
    const nested = new Hono().get('/orders/:order', (context) => context.text('order'));
    hono.route('/v1', nested);
    hono.onError((_, context) => context.text('mended', 500));
    const url = await app.listen(createAdaptorServer({ fetch: hono.fetch }) as Server);
    expect(await routesOf(url, ['/users/1', '/users/2', '/users/3/fails', '/private/4', '/v1/orders/5', '/nothing'])).toEqual([
      ['/users/:id', 200],
      ['/users/:id', 200],
      ['/users/:id/fails', 500],
      ['/private/:thing', 401],
      ['/v1/orders/:order', 200],
      [undefined, 404],
    ]);
  });
});
