import { StartError } from '../../pipeline/errors.ts';
import type { HttpHandler, HttpListener, HttpOptions } from '../../pipeline/host.ts';
import { serverMaterial } from '../../pipeline/tls-material.ts';
import { isMutual, type ServerTls } from '../../pipeline/tls.ts';
import type { Engine, EngineName } from './engine.ts';
import { netEngine } from './net-http.ts';
import { nodeEngine } from './node-http.ts';
import { openListener } from './open-listener.ts';
import { loadUws } from './uws-native.ts';
import { uwsEngine } from './uws.ts';
import type { WsSockets } from './ws-sockets.ts';

export type { EngineName } from './engine.ts';

const OVERRIDE = 'PERISCOPE_HTTP_ENGINE';

/** uWebSockets shows no client certificate, reads files only and once, and fixes versions and ciphers by itself. */
const onlyNodeServes = (tls: ServerTls): boolean =>
  isMutual(tls) ||
  tls.reload_interval > 0 ||
  tls.cert_file === undefined ||
  tls.key_file === undefined ||
  tls.min_version !== '1.2' ||
  tls.max_version !== undefined ||
  tls.cipher_suites.length > 0;

/**
 * uWebSockets where it loads and serves such TLS, else our own on node:net, which serves none, else node:http, unless
 * `wanted` says which. Rejects with a StartError.
 */
async function choose(wanted: string | undefined, tls: ServerTls | undefined): Promise<Engine> {
  if (wanted === 'node' || (tls !== undefined && onlyNodeServes(tls))) return nodeEngine;
  const own = tls === undefined ? netEngine : nodeEngine;
  if (wanted === 'net') return own;
  if (wanted !== undefined && wanted !== '' && wanted !== 'uws') {
    throw new StartError(`cannot use the HTTP engine "${wanted}": ${OVERRIDE} is uws, net or node`);
  }
  try {
    return uwsEngine(await loadUws());
  } catch (error) {
    if (wanted !== 'uws') return own;
    const cause = error instanceof Error ? (error.message.split('\n', 1)[0] ?? '') : String(error);
    throw new StartError(`cannot use the HTTP engine uws: ${cause}`);
  }
}

/**
 * Opens an HTTP listener (`Host.http`). `engine` forces one; without it PERISCOPE_HTTP_ENGINE does, and without that
 * it is uWebSockets where that loads. Rejects with a StartError. `warn` is told when a changed certificate is no good.
 */
export async function openHttp(
  options: HttpOptions,
  handler: HttpHandler,
  engine?: EngineName,
  warn: (message: string) => void = () => {},
): Promise<HttpListener> {
  const { tls } = options;
  const chosen = await choose(engine ?? process.env[OVERRIDE], tls);
  const material = tls === undefined ? undefined : serverMaterial(tls);
  const server = chosen.serve(options, handler, material, chosen.name === 'uws' ? undefined : await webSocketsOf(options));
  return openListener(server, options, chosen.name, warn);
}

/** Loaded for the listeners that want them only. */
async function webSocketsOf({ webSocket }: HttpOptions): Promise<WsSockets | undefined> {
  if (webSocket === undefined) return undefined;
  const { WsSockets: Loaded } = await import('./ws-sockets.ts');
  return new Loaded(webSocket);
}
