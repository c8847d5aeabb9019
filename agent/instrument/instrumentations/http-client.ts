import { diagnosticsChannel } from '../builtins.ts';
import type { Agent, ClientRequest, IncomingMessage } from 'node:http';
import { IS_BUN } from './bun.ts';
import type { Instrumentation, Tools } from './contract.ts';
import { ErrorTypes } from './error-types.ts';
import { type Origin, Origins } from './origin.ts';
import { RequestDurations } from './request-durations.ts';

const STARTED = Symbol('periscope.started');
const FAILED = Symbol('periscope.failed');

interface Timed extends ClientRequest {
  /** ms, of the monotonic clock. */
  [STARTED]?: number;
  [FAILED]?: unknown;
  readonly res?: IncomingMessage | null;
}

type Begin = (request: ClientRequest) => void;

/** `http.client.request.duration` of node:http and node:https, until the last byte of the response. */
export const httpClient: Instrumentation = {
  name: 'http-client',
  start(tools) {
    const begin = beginning(tools);
    let early: (() => void) | undefined;
    const onCreated = (message: unknown): void => begin((message as { request: ClientRequest }).request);
    const onStart = (message: unknown): void => {
      // Before Node 22.15 nobody tells of the creation, and this is told when the connection is there. From the second
      // request on the agent that will look for a connection tells it; node:http is loaded by now, not by us.
      if (!IS_BUN) early ??= patchAddRequest(begin);
      onCreated(message);
    };
    const onError = tools.quietly((message: unknown) => {
      const { request, error } = message as { request: Timed; error: unknown };
      request[FAILED] = error;
    });
    const channels = {
      'http.client.request.created': onCreated,
      'http.client.request.start': onStart,
      'http.client.request.error': onError,
    };
    for (const [name, listener] of Object.entries(channels)) diagnosticsChannel.subscribe(name, listener);
    return {
      stop: () => {
        for (const [name, listener] of Object.entries(channels)) diagnosticsChannel.unsubscribe(name, listener);
        early?.();
      },
    };
  },
};

function beginning({ ownTraffic, quietly, ...tools }: Tools): Begin {
  const durations = clientDurations(tools);
  const origins = new Origins();
  const errors = new ErrorTypes();
  const finish = quietly((request: Timed) => {
    const started = request[STARTED];
    if (started === undefined) return;
    const { address, port } = originOf(request, origins);
    if (ownTraffic.has(address, port, request.path)) return;
    const response = request.res;
    const failed = request[FAILED] ?? response?.errored ?? undefined;
    durations.record({
      seconds: (performance.now() - started) / 1000,
      method: request.method,
      status: response?.statusCode ?? 0,
      version: response?.httpVersion ?? '',
      secure: request.protocol === 'https:',
      place: placeOf(address, port),
      errorType: failed === undefined ? undefined : errors.of(failed),
    });
  });
  function onClose(this: ClientRequest): void {
    finish(this as Timed);
  }
  return quietly((request) => {
    const timed = request as Timed;
    if (timed[STARTED] !== undefined) return;
    timed[STARTED] = performance.now();
    timed.once('close', onClose);
  });
}

/** Whom a request asks: the host it connects to, and the port that its Host header names, which is there even when no
 *  connection is. Where the application wrote that header itself, only the connection knows the port. */
function originOf(request: Timed, origins: Origins): Origin {
  const header = request.getHeader('host');
  const origin = typeof header === 'string' ? origins.of(`${request.protocol}//${header}`) : undefined;
  if (origin !== undefined && origin.address === request.host) return origin;
  return { address: request.host, port: request.socket?.remotePort };
}

/** The instrument that node:http's client and fetch share. */
export function clientDurations(tools: Pick<Tools, 'later' | 'meter'>): RequestDurations {
  return new RequestDurations(tools, {
    name: 'http.client.request.duration',
    description: 'Duration of HTTP client requests.',
    errorStatus: 400,
    placed: (place) => {
      const at = place.lastIndexOf(' ');
      const port = Number(place.slice(at + 1));
      return { 'server.address': place.slice(0, at), ...(port > 0 ? { 'server.port': port } : {}) };
    },
  });
}

/** One text for both, as series are kept by one. */
export function placeOf(address: string, port: number | undefined): string {
  return `${address} ${port ?? 0}`;
}

/** Every agent is asked for a connection when a request is made. */
function patchAddRequest(begin: Begin): () => void {
  type Adding = Agent & { addRequest?: (...given: unknown[]) => unknown };
  const prototype = process.getBuiltinModule('node:http').Agent.prototype as Adding;
  const original = prototype.addRequest;
  if (typeof original !== 'function') return () => undefined;
  function addRequest(this: Agent, ...given: unknown[]): unknown {
    begin(given[0] as ClientRequest);
    return Reflect.apply(original!, this, given);
  }
  prototype.addRequest = addRequest;
  return () => {
    if (prototype.addRequest === addRequest) prototype.addRequest = original;
  };
}
