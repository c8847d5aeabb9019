import type { HttpListener } from '../../pipeline/host.ts';
import { serverMaterial, watchTlsFiles } from '../../pipeline/tls-material.ts';
import type { ServerTls } from '../../pipeline/tls.ts';
import type { EngineServer } from './engine.ts';
import { listenAt } from './listen.ts';
import { listenerOf } from './owner.ts';

/** What every listener says about where and how it listens. */
interface Place {
  readonly endpoint: string;
  readonly tls?: ServerTls | undefined;
}

/**
 * Listens with a server of any engine, and renews its certificate when the files change. Rejects with a StartError and
 * leaves nothing open. `warn` is told when a changed certificate is no good.
 */
export async function openListener<Handler>(
  server: EngineServer<Handler>,
  { endpoint, tls }: Place,
  engine: string,
  warn: (message: string) => void,
): Promise<HttpListener> {
  try {
    const url = await listenAt(server, endpoint);
    if (tls === undefined) return listenerOf(server, url, engine);
    return listenerOf(server, url.replace(/^http:/, 'https:'), engine, renewOnChange(server, tls, url, warn));
  } catch (error) {
    await server.close(0);
    throw error;
  }
}

function renewOnChange(
  server: Pick<EngineServer, 'renew'>,
  tls: ServerTls,
  url: string,
  warn: (message: string) => void,
): () => void {
  return watchTlsFiles(tls, () => {
    try {
      server.renew?.(serverMaterial(tls));
    } catch (error) {
      // A half-written file, most often: the next look finds it whole.
      const cause = error instanceof Error ? error.message : String(error);
      warn(`cannot take the changed TLS files for ${url}, the ones before stay in use: ${cause}`);
    }
  });
}
