import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { Sender } from '../../../bench/load/sender.ts';
import { openSink, type SinkServer } from '../../../bench/load/sink-server.ts';
import { Sink } from '../../../bench/load/sink.ts';
import type { Workload } from '../../../bench/load/workload.ts';
import { GrpcSink } from '../../support/grpc-sink.ts';

const WORKLOAD: Workload = { signal: 'logs', groupsPerBody: 5, sets: 'unique', dirty: false };
const open: (SinkServer | Server)[] = [];

afterEach(async () => {
  for (const server of open.splice(0)) await (server instanceof Object && 'port' in server ? server.close() : closed(server));
});

async function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
}

test.each([false, true])('all that the sender counts as accepted is at the sink, as it was sent (gzip: %s)', async (gzip) => {
  const sink = new Sink(WORKLOAD, { clean: false });
  const server = await openSink((body, encoding) => sink.take(body, encoding));
  open.push(server);
  const sender = new Sender({ workload: WORKLOAD, port: server.port, connections: 4, gzip, pool: [] });
  sender.start();
  while (sink.total().requests < 40) await new Promise((resolve) => setTimeout(resolve, 5));
  sink.mark();
  const sent = await sender.stop();
  const arrived = sink.report();
  expect(sent.acceptedItems).toBe(sent.bodies * 50);
  expect(arrived.total).toMatchObject({ items: sent.acceptedItems, requests: sent.bodies, broken: 0 });
  expect(arrived.comparison).toMatchObject({ changedItems: 0 });
  expect(arrived.comparison.items).toBeGreaterThan(0);
});

test('refusals, partial successes and lost connections are told apart', async () => {
  let requests = 0;
  const server = createServer((request, response) => {
    request.resume();
    request.once('end', () => {
      requests++;
      if (requests === 1) response.writeHead(503).end('{}');
      else if (requests === 2) response.destroy();
      else if (requests === 3) response.end(Buffer.from('0a020807', 'hex'));
      else response.end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  open.push(server);
  const { port } = server.address() as AddressInfo;
  const sender = new Sender({ workload: WORKLOAD, port, connections: 1, gzip: false, pool: [] });
  sender.start();
  while (requests < 6) await new Promise((resolve) => setTimeout(resolve, 5));
  const report = await sender.stop();
  expect(report).toMatchObject({ refused: { 503: 1 }, unanswered: 1, rejectedItems: 7, bodies: requests });
  expect(report.acceptedItems).toBe((requests - 2) * 50 - 7);
});

test.each([false, true])('the same over gRPC (gzip: %s)', async (gzip) => {
  const sink = await GrpcSink.start((_request, index) => {
    if (index === 1) return { code: 14 };
    return index === 2 ? { body: Buffer.from('0a020807', 'hex') } : undefined;
  });
  const sender = new Sender({ workload: WORKLOAD, port: sink.port, connections: 2, gzip, protocol: 'grpc', pool: [] });
  sender.start();
  await sink.received(20);
  const report = await sender.stop();
  sink.close();
  expect(report).toMatchObject({ refused: { 14: 1 }, unanswered: 0, rejectedItems: 7, bodies: sink.requests.length });
  expect(report.acceptedItems).toBe((report.bodies - 1) * 50 - 7);
  const counted = new Sink(WORKLOAD, { clean: false });
  for (const { body } of sink.requests) counted.take(body, '');
  expect(counted.total()).toMatchObject({ items: report.bodies * 50, broken: 0 });
});

test('a sender of so many bodies sends those and no more', async () => {
  const sink = new Sink(WORKLOAD, { clean: false });
  const server = await openSink((body, encoding) => sink.take(body, encoding));
  open.push(server);
  const sender = new Sender({ workload: WORKLOAD, port: server.port, connections: 4, gzip: false, pool: [], bodiesMax: 7 });
  sender.start();
  while (sink.total().requests < 7) await new Promise((resolve) => setTimeout(resolve, 5));
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(await sender.stop()).toMatchObject({ bodies: 7, acceptedItems: 7 * 50 });
});

test('a connection that had nothing to send for long is replaced before a server closes it', async () => {
  let connections = 0;
  const server = createServer((request, response) => request.resume().once('end', () => response.end()));
  server.on('connection', () => connections++);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  open.push(server);
  const { port } = server.address() as AddressInfo;
  // A body each 200 ms.
  const sender = new Sender({ workload: WORKLOAD, port, connections: 1, gzip: false, pool: [], itemsPerS: 250, idleMs: 20 });
  sender.start();
  while (connections < 3) await new Promise((resolve) => setTimeout(resolve, 5));
  const report = await sender.stop();
  expect(report).toMatchObject({ unanswered: 0, refused: {} });
  expect(report.acceptedItems).toBe(report.bodies * 50);
});
