import { createServer, get, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import express from 'express';
import fastify from 'fastify';
import { Hono } from 'hono';
import { encodeResource } from '../../agent/instrument/encode/attributes.ts';
import { CellReader } from '../../agent/instrument/encode/reader.ts';
import { honoRoutes, startInstrumentations } from '../../agent/instrument/instrumentations/index.ts';
import { AgentMeterProvider } from '../../agent/instrument/metrics/provider.ts';

/**
 * A program for Bun and for a Node that reads TypeScript: starts the instrumentations, serves and asks, and prints what was
 * measured as one line of JSON: the report, and the bodies of the export requests in base64.
 */
interface Handlers {
  fetch: (request: Request) => Response;
  routes?: Record<string, unknown>;
  error?: (error: Error) => Response;
}
interface BunServer {
  readonly port: number;
  reload(handlers: Handlers): void;
  stop(now: boolean): Promise<void>;
}
type Serve = (options: Handlers & { port: number; hostname: string }) => BunServer;

const reader = new CellReader({ resource: encodeResource({}), temporality: 'cumulative' });
const provider = new AgentMeterProvider({ sink: reader, onFault: (_, detail) => faults.push(detail) });
const faults: string[] = [];
const started = startInstrumentations(provider.getMeter('app'), { onFault: (name, error) => faults.push(`${name}: ${error}`) });

await withServer(
  (_, response) => void response.end('plain'),
  async (url) => {
    await ask(`${url}/plain/1`);
    await (await fetch(`${url}/plain/2`)).text();
    const request = get(`${url}/plain/3`);
    await new Promise((resolve) => request.on('close', resolve).on('response', (response) => response.resume()));
  },
);
await withServer((request) => void request.resume(), giveUp);
await serveExpecting();
await withServer(expressApp(), (url) => askAll(url, ['/orders/1', '/orders/2', '/none']));
await withServer(getRequestListener(honoApp().fetch, { overrideGlobalObjects: false }), (url) =>
  askAll(url, ['/hono/1', '/hono/2', '/none']),
);
await serveFastify();
const serve = (globalThis as unknown as { Bun?: { serve: Serve } }).Bun?.serve;
if (serve !== undefined) await serveBun();
await provider.observe(1000);
const { requests } = reader.collect(BigInt(Date.now()) * 1_000_000n, 2 ** 22);
const report = started.report();
started.stop();
const bodies = requests.map(({ body }) => Buffer.from(body).toString('base64'));
process.stdout.write(`${JSON.stringify({ bodies, report, faults })}\n`);

async function withServer(listener: RequestListener, step: (url: string) => Promise<void>): Promise<void> {
  const server: Server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  await step(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  // A response is closed a turn after its client has it.
  await new Promise((resolve) => setTimeout(resolve, 50));
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}

/** By a client that nobody measures, so that only servers count. */
async function ask(url: string): Promise<void> {
  const { port, pathname, hostname } = new URL(url);
  const { connect } = await import('node:net');
  const socket = connect(Number(port), hostname);
  socket.end(`GET ${pathname} HTTP/1.1\r\nHost: app\r\nConnection: close\r\n\r\n`);
  await new Promise((resolve) => socket.on('close', resolve).resume());
}

/** Requests that want to be let on before they send their bodies. */
async function serveExpecting(): Promise<void> {
  const server = createServer();
  server.on('checkContinue', (request, response) => {
    response.writeContinue();
    request.resume().on('end', () => response.end('let on'));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { connect } = await import('node:net');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.write('POST /expecting HTTP/1.1\r\nHost: app\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n');
  socket.once('data', () => socket.write('ab'));
  await new Promise((resolve) => socket.on('close', resolve));
  await new Promise((resolve) => server.close(resolve));
}

async function askAll(url: string, paths: readonly string[]): Promise<void> {
  for (const path of paths) await ask(url + path);
}

async function giveUp(url: string): Promise<void> {
  const request = get(`${url}/slow`);
  request.on('error', () => undefined);
  await new Promise((resolve) => setTimeout(resolve, 200));
  request.destroy();
  await new Promise((resolve) => request.on('close', resolve));
}

function expressApp(): RequestListener {
  const app = express();
  const orders = express.Router();
  orders.get('/:order', (_, response) => void response.send('order'));
  app.use('/orders', orders);
  return app;
}

function honoApp(): Hono {
  const app = new Hono();
  app.use(honoRoutes());
  app.get('/hono/:id', (context) => context.text('hono'));
  return app;
}

async function serveFastify(): Promise<void> {
  const app = fastify();
  app.get('/fastify/:id', (_, reply) => reply.send('fastify'));
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  await askAll(url, ['/fastify/1', '/fastify/2', '/none']);
  await new Promise((resolve) => setTimeout(resolve, 50));
  await app.close();
}

async function serveBun(): Promise<void> {
  const server = serve!({
    port: 0,
    hostname: '127.0.0.1',
    routes: {
      '/bun/:id': () => new Response('routed'),
      '/methods': { GET: () => new Response('read'), POST: async () => new Response('made', { status: 201 }) },
      '/still': new Response('still'),
    },
    fetch: (request) => {
      if (request.url.endsWith('/fails')) throw new TypeError('as it should');
      return new Response('else', { status: 404 });
    },
    error: () => new Response('mended', { status: 502 }),
  });
  const url = `http://127.0.0.1:${server.port}`;
  await askAll(url, ['/bun/1', '/bun/2', '/methods', '/still', '/none', '/fails']);
  await (await fetch(`${url}/methods`, { method: 'POST' })).text();
  server.reload({ fetch: () => new Response('reloaded'), routes: { '/later/:id': () => new Response('later') } });
  await askAll(url, ['/later/1', '/none']);
  await server.stop(true);
}
