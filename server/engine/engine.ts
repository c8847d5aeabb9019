import type { HttpHandler, HttpOptions } from '../../pipeline/host.ts';
import type { Address } from './address.ts';

export type EngineName = 'uws' | 'node';

/** What an engine must give. The conformance suite (tests/server/engine) runs over every one of them. */
export interface Engine {
  readonly name: EngineName;
  serve(options: HttpOptions, handler: HttpHandler): EngineServer;
}

export interface EngineServer {
  /** Resolves to the port in use. Rejects with an error that has a system `code` (EADDRINUSE, …). May be called again
   *  for a second address. */
  listen(address: Address): Promise<number>;
  close(deadlineMs: number): Promise<void>;
}
