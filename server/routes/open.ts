import type { ApiOptions, HttpListener } from '../../pipeline/host.ts';
import type { Authenticator } from '../auth/authenticator.ts';
import { writeOwnerToken } from '../auth/owner-token.ts';
import { openHttp } from '../engine/index.ts';
import { ApiHandler } from './api.ts';
import type { ApiSources } from './route.ts';

export interface ApiHost extends Pick<ApiSources, 'ledger' | 'matrix' | 'runsAs'> {
  readonly authenticator: Authenticator;
  readonly storageDirectory: string;
}

/** Opens the API (`Host.api`). Where tokens are taken, this machine's owner finds one in a file as long as it is open. */
export async function openApi(options: ApiOptions, host: ApiHost, warn: (message: string) => void): Promise<HttpListener> {
  const { authenticator, ledger, matrix, runsAs } = host;
  const handler = new ApiHandler({
    methods: options.auth,
    authenticate: (methods, credentials) => authenticator.authenticate(methods, credentials),
    ticketFor: (principal) => authenticator.ticketFor(principal),
    now: Date.now,
    ledger,
    matrix,
    runsAs,
  });
  const listener = await openHttp(options, handler, undefined, warn);
  if (!options.auth.includes('token')) return listener;
  try {
    const owner = writeOwnerToken(host.storageDirectory);
    authenticator.setOwner(owner.token);
    const close = (deadlineMs: number): Promise<void> => {
      owner.remove();
      return listener.close(deadlineMs);
    };
    return { ...listener, close };
  } catch (error) {
    await listener.close(0);
    throw error;
  }
}
