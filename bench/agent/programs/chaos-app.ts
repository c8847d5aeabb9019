/**
 * A server of node:http that counts what it serves: `chaos-app.js CONTENDER`, told on stdout where it listens. `/figures`
 * says what no app should ever see, and how the agent's thread fares.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { metrics } from '@opentelemetry/api';
import type { AppFigures } from '../../chaos/record.ts';
import { SERVED_METRIC } from './chaos-metric.ts';
import { loadAgent } from './contender.ts';

const seen = { unhandledRejections: 0, uncaughtErrors: 0, warnings: 0 };
process.on('unhandledRejection', () => void (seen.unhandledRejections += 1));
process.on('uncaughtException', () => void (seen.uncaughtErrors += 1));
process.on('warning', () => void (seen.warnings += 1));

const agent = process.argv[2] === 'ours' ? await loadAgent() : undefined;
const served = metrics.getMeter('bench').createCounter(SERVED_METRIC);
const routes = ['/orders', '/users', '/prices'];
let requests = 0;

const server = createServer((request, response) => {
  if (request.url === '/figures') {
    const restarts = agent?.status()?.restarts ?? 0;
    response.end(JSON.stringify({ ...seen, restarts, served: requests } satisfies AppFigures));
    return;
  }
  served.add(1, { route: routes[requests++ % routes.length]! });
  response.end('ok');
});
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  process.stdout.write(`${JSON.stringify({ port })}\n`);
});
