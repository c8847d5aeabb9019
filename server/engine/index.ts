import { StartError } from '../../pipeline/errors.ts';
import type { HttpHandler, HttpListener, HttpOptions } from '../../pipeline/host.ts';
import { resolve, urlOf } from './address.ts';
import type { Engine, EngineName, EngineServer } from './engine.ts';
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

const CAUSES: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another process listens there; stop it, or set another endpoint',
  EACCES: 'this user may not open that port; take one above 1023',
  EADDRNOTAVAIL: 'this machine has no such address',
};

function cannotListen(url: string, error: unknown): StartError {
  const { code, message } = error as NodeJS.ErrnoException;
  return new StartError(`cannot listen on ${url}: ${CAUSES[code ?? ''] ?? message}`);
}

async function listen(server: EngineServer, endpoint: string): Promise<string> {
  const [first, second] = await resolve(endpoint);
  let port: number;
  try {
    port = await server.listen(first);
  } catch (error) {
    throw cannotListen(urlOf(first), error);
  }
  if (second !== undefined) {
    try {
      await server.listen({ host: second.host, port });
    } catch (error) {
      // Many machines have no ::1. But if somebody else is there, half of all clients of localhost would reach them.
      if (first.port !== 0 && (error as NodeJS.ErrnoException).code === 'EADDRINUSE')
        throw cannotListen(urlOf({ host: second.host, port }), error);
    }
  }
  return urlOf({ host: first.host, port });
}

/**
 * Opens an HTTP listener (`Host.http`). `engine` forces one; without it PERISCOPE_HTTP_ENGINE does, and without that
 * it is uWebSockets where that loads. Rejects with a StartError.
 */
export async function openHttp(options: HttpOptions, handler: HttpHandler, engine?: EngineName): Promise<HttpListener> {
  const chosen = await choose(engine ?? process.env[OVERRIDE]);
  const server = chosen.serve(options, handler);
  try {
    const url = await listen(server, options.endpoint);
    return { url, engine: chosen.name, close: (deadlineMs) => server.close(deadlineMs) };
  } catch (error) {
    await server.close(0);
    throw error;
  }
}
