import { StartError } from '../../pipeline/errors.ts';
import type { HttpHandler, HttpListener, HttpOptions } from '../../pipeline/host.ts';
import type { Engine, EngineName } from './engine.ts';
import { listenAt } from './listen.ts';
import { nodeEngine } from './node-http.ts';
import { loadUws } from './uws-native.ts';
import { uwsEngine } from './uws.ts';

export type { EngineName } from './engine.ts';

const OVERRIDE = 'PERISCOPE_HTTP_ENGINE';

/** uWebSockets where it loads, else node:http, unless `wanted` says which. Rejects with a StartError. */
async function choose(wanted: string | undefined): Promise<Engine> {
  if (wanted === 'node') return nodeEngine;
  if (wanted !== undefined && wanted !== '' && wanted !== 'uws') {
    throw new StartError(`cannot use the HTTP engine "${wanted}": ${OVERRIDE} is uws or node`);
  }
  try {
    return uwsEngine(await loadUws());
  } catch (error) {
    if (wanted !== 'uws') return nodeEngine;
    const cause = error instanceof Error ? (error.message.split('\n', 1)[0] ?? '') : String(error);
    throw new StartError(`cannot use the HTTP engine uws: ${cause}`);
  }
}

/**
 * Opens an HTTP listener (`Host.http`). `engine` forces one; without it PERISCOPE_HTTP_ENGINE does, and without that
 * it is uWebSockets where that loads. Rejects with a StartError.
 */
export async function openHttp(options: HttpOptions, handler: HttpHandler, engine?: EngineName): Promise<HttpListener> {
  const chosen = await choose(engine ?? process.env[OVERRIDE]);
  const server = chosen.serve(options, handler);
  try {
    const url = await listenAt(server, options.endpoint);
    return { url, engine: chosen.name, close: (deadlineMs) => server.close(deadlineMs) };
  } catch (error) {
    await server.close(0);
    throw error;
  }
}
