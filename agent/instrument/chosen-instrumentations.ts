import { feature } from 'bun:bundle';
import { bunServe } from './instrumentations/bun-serve.ts';
import type { Instrumentation } from './instrumentations/contract.ts';
import { express } from './instrumentations/express.ts';
import { fastify } from './instrumentations/fastify.ts';
import { fetchClient } from './instrumentations/fetch.ts';
import { httpClient } from './instrumentations/http-client.ts';
import { httpServer } from './instrumentations/http-server.ts';
import { processMetrics } from './instrumentations/process.ts';
import { runtime } from './instrumentations/runtime.ts';

/** The instrumentations that this bundle was built for, each behind its flag, in the order in which they start. */
export function chosenInstrumentations(): readonly Instrumentation[] {
  const chosen: Instrumentation[] = [];
  if (feature('HTTP_SERVER')) chosen.push(httpServer);
  if (feature('HTTP_CLIENT')) chosen.push(httpClient);
  if (feature('FETCH')) chosen.push(fetchClient);
  if (feature('BUN_SERVE')) chosen.push(bunServe);
  if (feature('FASTIFY')) chosen.push(fastify);
  if (feature('EXPRESS')) chosen.push(express);
  if (feature('RUNTIME_METRICS')) chosen.push(runtime);
  if (feature('PROCESS_METRICS')) chosen.push(processMetrics);
  return chosen;
}
