import { lookup } from 'node:dns/promises';
import { isIP, isIPv6 } from 'node:net';
import { StartError } from '../../pipeline/errors.ts';

/** Where to listen: `host` is an IP address. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

const PORT_MAX = 65_535;

/** `host:port`, `[v6]:port` or `:port` (every address of the machine), as in the Go collector. */
function split(endpoint: string): { host: string; port: number } {
  const parts = /^(?:\[([^\]]*)\]|([^:]*)):(\d{1,5})$/.exec(endpoint.trim());
  const port = Number(parts?.[3]);
  if (parts === null || port > PORT_MAX) {
    throw new StartError(`cannot listen on "${endpoint}": an endpoint is host:port, such as localhost:4318 or [::1]:4318`);
  }
  return { host: parts[1] ?? parts[2] ?? '', port };
}

/**
 * The addresses of an endpoint: the first one must be listened on, a second one is the other face of `localhost`.
 * Clients take `localhost` for 127.0.0.1 or ::1 as they please, so it means both.
 */
export async function resolve(endpoint: string): Promise<readonly [Address, Address?]> {
  const { host, port } = split(endpoint);
  if (host === '') return [{ host: '0.0.0.0', port }];
  if (host.toLowerCase() === 'localhost')
    return [
      { host: '127.0.0.1', port },
      { host: '::1', port },
    ];
  if (isIP(host) !== 0) return [{ host, port }];
  try {
    const found = await lookup(host);
    return [{ host: found.address, port }];
  } catch {
    throw new StartError(`cannot listen on ${endpoint}: the host name ${host} has no address`);
  }
}

export function urlOf(address: Address): string {
  return `http://${isIPv6(address.host) ? `[${address.host}]` : address.host}:${address.port}`;
}
