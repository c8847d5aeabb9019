import { diagnosticsChannel } from '../builtins.ts';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { IS_BUN } from './bun.ts';
import type { Instrumentation, Started, Tools } from './contract.ts';
import { RequestDurations } from './request-durations.ts';

const STARTED = Symbol('periscope.started');

interface Timed extends ServerResponse {
  /** ms, of the monotonic clock. */
  [STARTED]?: number;
  readonly req: IncomingMessage;
}

/** `http.server.request.duration` of node:http and node:https. */
export const httpServer: Instrumentation = {
  name: 'http-server',
  start(tools) {
    const begin = beginning(tools);
    return IS_BUN ? patchWhenUsed(begin, tools) : subscribeToStart(begin);
  },
};

type Begin = (request: IncomingMessage, response: ServerResponse) => void;

/** A request ends when its response is closed: sent, or cut off. One listener for all of them, so none is made for each. */
function beginning({ routes, quietly, ...tools }: Tools): Begin {
  const durations = new RequestDurations(tools, {
    name: 'http.server.request.duration',
    description: 'Duration of HTTP server requests.',
    errorStatus: 500,
    placed: (route) => ({ 'http.route': route }),
  });
  const finish = quietly((response: Timed) => {
    const started = response[STARTED];
    if (started === undefined) return;
    const request = response.req;
    durations.record({
      seconds: (performance.now() - started) / 1000,
      method: request.method,
      status: response.headersSent ? response.statusCode : 0,
      version: request.httpVersion,
      secure: (request.socket as { encrypted?: boolean } | null)?.encrypted === true,
      place: routes.of(request),
      // The client went before it had everything.
      errorType: response.writableFinished ? undefined : 'aborted',
    });
  });
  function onClose(this: ServerResponse): void {
    finish(this as Timed);
  }
  return quietly((_request, response) => {
    const timed = response as Timed;
    if (timed[STARTED] !== undefined) return;
    timed[STARTED] = performance.now();
    timed.once('close', onClose);
  });
}

function subscribeToStart(begin: Begin): Started {
  const onStart = (message: unknown): void => {
    const { request, response } = message as { request: IncomingMessage; response: ServerResponse };
    begin(request, response);
  };
  diagnosticsChannel.subscribe('http.server.request.start', onStart);
  return { stop: () => diagnosticsChannel.unsubscribe('http.server.request.start', onStart) };
}

type Emitter = { on: (...given: unknown[]) => unknown; addListener: (...given: unknown[]) => unknown };

/** Bun's server tells no channel, but it emits. Loading node:http takes Bun 13 ms and more, which an app on Bun.serve would
 *  pay for nothing: what is patched first is how somebody begins to listen to requests, until the first one does. */
function patchWhenUsed(begin: Begin, { quietly }: Pick<Tools, 'quietly'>): Started {
  const prototype = process.getBuiltinModule('node:events').EventEmitter.prototype as unknown as Emitter;
  const { on, addListener } = prototype;
  let restoreEmit: (() => void) | undefined;
  const restoreOn = (): void => {
    if (prototype.on === waitingOn) prototype.on = on;
    if (prototype.addListener === waitingAddListener) prototype.addListener = addListener;
  };
  const look = quietly((emitter: unknown, name: unknown): void => {
    // A subclass may have any name; few emitters have this event.
    if (name !== 'request' || restoreEmit !== undefined) return;
    const { Server: HttpServer } = process.getBuiltinModule('node:http');
    if (!(emitter instanceof HttpServer)) return;
    restoreEmit = patchEmit(HttpServer, begin);
    restoreOn();
  });
  function waitingOn(this: unknown, ...given: unknown[]): unknown {
    look(this, given[0]);
    return Reflect.apply(on, this, given);
  }
  function waitingAddListener(this: unknown, ...given: unknown[]): unknown {
    look(this, given[0]);
    return Reflect.apply(addListener, this, given);
  }
  prototype.on = waitingOn;
  prototype.addListener = waitingAddListener;
  return {
    stop: () => {
      restoreOn();
      restoreEmit?.();
    },
  };
}

/** One with `Expect` is another event where somebody listens to it. */
const REQUESTED: ReadonlySet<unknown> = new Set(['request', 'checkContinue', 'checkExpectation']);

function patchEmit(HttpServer: typeof Server, begin: Begin): () => void {
  const prototype = HttpServer.prototype as Server & { emit: (...given: unknown[]) => boolean };
  const inherited = !Object.hasOwn(prototype, 'emit');
  const original = prototype.emit;
  function emit(this: Server, ...given: unknown[]): boolean {
    if (REQUESTED.has(given[0])) begin(given[1] as IncomingMessage, given[2] as ServerResponse);
    return Reflect.apply(original, this, given);
  }
  prototype.emit = emit;
  return () => {
    if (prototype.emit !== emit) return;
    if (inherited) Reflect.deleteProperty(prototype, 'emit');
    else prototype.emit = original;
  };
}
