import { diagnosticsChannel } from '../builtins.ts';
import { IS_BUN } from './bun.ts';
import type { Instrumentation, Started, Tools } from './contract.ts';
import { ErrorTypes } from './error-types.ts';
import { clientDurations, placeOf } from './http-client.ts';
import { Origins } from './origin.ts';
import type { EndedRequest } from './request-durations.ts';

const STARTED = Symbol('periscope.started');
const STATUS = Symbol('periscope.status');

/** What undici's channels tell of a request. */
interface UndiciRequest {
  readonly origin?: string | URL;
  readonly path?: string;
  readonly method?: string;
  /** ms, of the monotonic clock. */
  [STARTED]?: number;
  [STATUS]?: number;
}

/** `http.client.request.duration` of `fetch` and undici: on Node until the last byte of the body, once per redirect; on Bun
 *  until the response is there, redirects included. */
export const fetchClient: Instrumentation = {
  name: 'fetch',
  start: (tools) => (IS_BUN ? wrapFetch(tools) : subscribeToUndici(tools)),
};

type Asked = Pick<EndedRequest, 'seconds' | 'method' | 'status'> & {
  readonly origin: string;
  readonly path: string;
  readonly error?: unknown;
};

function recording({ ownTraffic, ...tools }: Tools): (asked: Asked) => void {
  const durations = clientDurations(tools);
  const origins = new Origins();
  const errors = new ErrorTypes();
  return ({ seconds, method, status, origin, path, error }) => {
    const at = origins.of(origin);
    if (at === undefined || ownTraffic.has(at.address, at.port, path)) return;
    durations.record({
      seconds,
      method,
      status,
      version: '',
      secure: origin.startsWith('https:'),
      place: placeOf(at.address, at.port),
      errorType: error === undefined ? undefined : errors.of(error),
    });
  };
}

function subscribeToUndici(tools: Tools): Started {
  const record = recording(tools);
  const finish = (request: UndiciRequest, error?: unknown): void => {
    const started = request[STARTED];
    if (started === undefined) return;
    // Told twice of one request, count it once.
    delete request[STARTED];
    record({
      seconds: (performance.now() - started) / 1000,
      method: request.method,
      status: request[STATUS] ?? 0,
      origin: String(request.origin),
      path: request.path ?? '',
      error,
    });
  };
  type Message = { request: UndiciRequest; response?: { statusCode?: number }; error?: unknown };
  const channels = {
    'undici:request:create': ({ request }: Message) => {
      request[STARTED] = performance.now();
    },
    'undici:request:headers': ({ request, response }: Message) => {
      request[STATUS] = response?.statusCode ?? 0;
    },
    'undici:request:trailers': ({ request }: Message) => finish(request),
    'undici:request:error': ({ request, error }: Message) => finish(request, error),
  };
  const listeners = Object.entries(channels).map(
    ([name, step]) => [name, tools.quietly((message: unknown) => step(message as Message))] as const,
  );
  for (const [name, listener] of listeners) diagnosticsChannel.subscribe(name, listener);
  return { stop: () => listeners.forEach(([name, listener]) => diagnosticsChannel.unsubscribe(name, listener)) };
}

type Fetch = typeof globalThis.fetch;

/** Bun's fetch tells no channel. What is wrapped looks the same, and rejects with the same error. */
function wrapFetch(tools: Tools): Started {
  const record = recording(tools);
  const original = globalThis.fetch;
  const measure = tools.quietly((started: number, given: Parameters<Fetch>, status: number, error?: unknown) => {
    const [input, init] = given;
    const request = typeof input === 'object' && !(input instanceof URL) ? input : undefined;
    const url = request?.url ?? String(input);
    // What is no URL was rejected, and asked nobody.
    if (!URL.canParse(url)) return;
    const { origin, pathname } = new URL(url);
    const method = (init?.method ?? request?.method ?? 'GET').toUpperCase();
    record({ seconds: (performance.now() - started) / 1000, method, status, origin, path: pathname, error });
  });
  const wrapped = function fetch(this: unknown, ...given: Parameters<Fetch>): ReturnType<Fetch> {
    const started = performance.now();
    // What comes of `then` is handed on, so that a rejection nobody handles is still one.
    return Reflect.apply(original, this, given).then(
      (response) => {
        measure(started, given, response.status);
        return response;
      },
      (error: unknown) => {
        measure(started, given, 0, error);
        throw error;
      },
    );
  };
  Object.defineProperties(wrapped, Object.getOwnPropertyDescriptors(original));
  globalThis.fetch = wrapped as Fetch;
  return {
    stop: () => {
      if (globalThis.fetch === wrapped) globalThis.fetch = original;
    },
  };
}
