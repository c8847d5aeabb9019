/**
 * A small server of node:http, told on stdout where it listens and what that took: a line of JSON. `/figures` says what the
 * process has used since. The agent, or a peer, is loaded before it: `--import`, `--preload`.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Of the whole process, its other threads included, in microseconds. */
const cpuUs = (): number => {
  const { user, system } = process.cpuUsage();
  return user + system;
};

const server = createServer((request, response) => {
  if (request.url === '/figures') response.end(JSON.stringify({ cpuUs: cpuUs(), rssBytes: process.memoryUsage.rss() }));
  else response.end('ok');
});
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  process.stdout.write(`${JSON.stringify({ port, cpuUs: cpuUs() })}\n`);
});
