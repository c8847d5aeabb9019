import type { SecureContextOptions } from 'node:tls';
import type { HttpHandler, HttpOptions } from '../../pipeline/host.ts';
import type { Address } from './address.ts';
import type { Owner } from './owner.ts';
import type { WsSockets } from './ws-sockets.ts';

export type EngineName = 'uws' | 'net' | 'node';

/** What an engine must give. The conformance suite (tests/server/engine) runs over every one of them. */
export interface Engine {
  readonly name: EngineName;
  /** `material`: what `options.tls` names, read and checked. `webSockets`: for the engines on Node's sockets, where
   *  `options.webSocket` asks for them; uWebSockets has its own. */
  serve(options: HttpOptions, handler: HttpHandler, material?: SecureContextOptions, webSockets?: WsSockets): EngineServer;
}

export interface EngineServer<Handler = HttpHandler> {
  /** Whom requests are for whose head comes from now on. */
  owner: Owner<Handler>;
  /** Resolves to the port in use. Rejects with an error that has a system `code` (EADDRINUSE, …). May be called again
   *  for a second address. */
  listen(address: Address): Promise<number>;
  /** New connections get this certificate; those that are open keep theirs. Throws when it cannot.
   *  uWebSockets has no such thing: the certificate of an app is for its life, and its port cannot change hands. */
  renew?(material: SecureContextOptions): void;
  close(deadlineMs: number): Promise<void>;
}
