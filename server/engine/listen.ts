import type { Server } from 'node:net';
import { StartError } from '../../pipeline/errors.ts';
import { resolve, urlOf, type Address } from './address.ts';
import type { EngineServer } from './engine.ts';

const CAUSES: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another process listens there; stop it, or set another endpoint',
  EACCES: 'this user may not open that port; take one above 1023',
  EADDRNOTAVAIL: 'this machine has no such address',
};

function cannotListen(url: string, error: unknown): StartError {
  const { code, message } = error as NodeJS.ErrnoException;
  return new StartError(`cannot listen on ${url}: ${CAUSES[code ?? ''] ?? message}`);
}

/** Binds every address of `endpoint` and gives the URL of the first. Rejects with a StartError. */
export async function listenAt(server: Pick<EngineServer, 'listen'>, endpoint: string): Promise<string> {
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

/** Binds a server of Node's; resolves to the port in use, rejects with an error that has a system `code`. */
export function bind(server: Server, { host, port }: Address): Promise<number> {
  return new Promise((done, reject) => {
    server.once('error', reject);
    server.listen({ host, port, exclusive: true }, () => {
      server.off('error', reject);
      // An accept that fails (no file descriptors) is no reason to fall over.
      server.on('error', () => {});
      const bound = server.address();
      done(typeof bound === 'object' && bound !== null ? bound.port : port);
    });
  });
}
