import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { SqlClient } from '../../../bench/windows/sql-client.ts';

const server = createServer((request, response) => {
  response.setHeader('Keep-Alive', 'timeout=2');
  request.resume().once('end', () => response.end('{"rows":[[1]],"elapsed_ms":2}'));
});
server.keepAliveTimeout = 0;

afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

test('a question is answered, and its connection given up before the server closes it', async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = new SqlClient((server.address() as AddressInfo).port, 'token');
  const connected = once(server, 'connection') as Promise<[Socket]>;
  expect(await client.ask('SELECT 1')).toMatchObject({ status: 200, rows: [[1]], elapsedMs: 2 });
  const [socket] = await connected;
  await once(socket, 'close');
  client.close();
});
