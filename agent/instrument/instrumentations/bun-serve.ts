import { type BunGlobal, bunGlobal } from './bun.ts';
import type { Instrumentation, Tools } from './contract.ts';
import { ErrorTypes } from './error-types.ts';
import { RequestDurations } from './request-durations.ts';

/** A handler that gives no response has upgraded the connection. */
const NO_RESPONSE = 101;
/** What Bun answers to an error. */
const FAILED = 500;

type Handler = (this: unknown, ...given: unknown[]) => unknown;
/** What is used of the options of Bun.serve. */
type Options = Readonly<Record<string, unknown>>;

interface Call {
  readonly startedMs: number;
  readonly request: Request;
  readonly route: string;
}

/** `http.server.request.duration` of Bun.serve, until the response is handed over: Bun tells nobody when it is sent. What it
 *  answers by itself (a Response in `routes`, files, pages) is not seen. */
export const bunServe: Instrumentation = {
  name: 'bun-serve',
  start(tools) {
    const bun = bunGlobal();
    if (typeof bun?.serve !== 'function') return { why: 'this is not Bun' };
    return wrapServe(bun, new Serving(tools), tools.quietly);
  },
};

function wrapServe(bun: BunGlobal, serving: Serving, quietly: Tools['quietly']): { readonly stop: () => void } {
  const original = bun.serve;
  const reloading = quietly((server: Options) => wrapReload(server, serving));
  function serve(this: unknown, ...given: unknown[]): unknown {
    const [options, ...rest] = given;
    const server = Reflect.apply(original, this, [serving.wrap(options), ...rest]) as Options;
    reloading(server);
    return server;
  }
  bun.serve = serve;
  return {
    stop: () => {
      serving.on = false;
      if (bun.serve === serve) bun.serve = original;
    },
  };
}

/** A server that gets other handlers goes on being measured. */
function wrapReload(server: Options, serving: Serving): void {
  const { reload } = server;
  if (typeof reload !== 'function') return;
  Object.defineProperty(server, 'reload', {
    configurable: true,
    writable: true,
    value: (options: unknown): unknown => Reflect.apply(reload as Handler, server, [serving.wrap(options)]),
  });
}

/** Wraps handlers; what they get, give and throw stays the same. */
class Serving {
  on = true;
  readonly #durations: RequestDurations;
  readonly #errors = new ErrorTypes();
  readonly #tools: Tools;
  /** Calls whose error the application's error handler is about to answer. */
  readonly #failed = new WeakMap<object, Call>();
  readonly #record: (call: Call, status: number, error?: unknown) => void;

  constructor(tools: Tools) {
    this.#tools = tools;
    this.#durations = new RequestDurations(tools, {
      name: 'http.server.request.duration',
      description: 'Duration of HTTP server requests.',
      errorStatus: 500,
      placed: (route) => ({ 'http.route': route }),
    });
    this.#record = tools.quietly((call: Call, status: number, error?: unknown) => this.#measure(call, status, error));
  }

  wrap(options: unknown): unknown {
    if (typeof options !== 'object' || options === null) return options;
    const { fetch, routes, error } = options as Options;
    // Options may be an object of a class, with getters, so only what is wrapped is laid over it.
    const wrapped = Object.create(options) as Record<string, unknown>;
    for (const key of Object.keys(options)) wrapped[key] = (options as Options)[key];
    if (typeof fetch === 'function') wrapped['fetch'] = this.#handler(fetch as Handler, '', typeof error === 'function');
    if (typeof routes === 'object' && routes !== null)
      wrapped['routes'] = Object.fromEntries(
        Object.entries(routes).map(([route, given]) => [route, this.#route(route, given, typeof error === 'function')]),
      );
    if (typeof error === 'function') wrapped['error'] = this.#errorHandler(error as Handler);
    return wrapped;
  }

  /** A handler, or one per method; anything else is Bun's business. */
  #route(route: string, given: unknown, handled: boolean): unknown {
    if (typeof given === 'function') return this.#handler(given as Handler, route, handled);
    if (typeof given !== 'object' || given === null || Object.getPrototypeOf(given) !== Object.prototype) return given;
    return Object.fromEntries(
      Object.entries(given).map(([method, handler]) => [
        method,
        typeof handler === 'function' ? this.#handler(handler as Handler, route, handled) : handler,
      ]),
    );
  }

  #handler(handler: Handler, route: string, handled: boolean): Handler {
    const answer = (call: Call, response: unknown): void => this.#record(call, statusOf(response, NO_RESPONSE));
    const fail = (call: Call, error: unknown): void => this.#fail(call, error, handled);
    return function (this: unknown, ...given: unknown[]): unknown {
      const call = { startedMs: performance.now(), request: given[0] as Request, route };
      let result: unknown;
      try {
        result = Reflect.apply(handler, this, given);
      } catch (error) {
        fail(call, error);
        throw error;
      }
      if (!(result instanceof Promise)) {
        answer(call, result);
        return result;
      }
      return result.then(
        (response: unknown) => {
          answer(call, response);
          return response;
        },
        (error: unknown) => {
          fail(call, error);
          throw error;
        },
      );
    };
  }

  /** What the application answers to an error; `fail` has kept whose it is. */
  #errorHandler(handler: Handler): Handler {
    const taken = (error: unknown): Call | undefined => {
      if (typeof error !== 'object' || error === null) return undefined;
      const call = this.#failed.get(error);
      this.#failed.delete(error);
      return call;
    };
    const record = this.#record;
    return function (this: unknown, ...given: unknown[]): unknown {
      const [error] = given;
      const call = taken(error);
      const result = Reflect.apply(handler, this, given);
      if (call === undefined) return result;
      if (!(result instanceof Promise)) {
        record(call, statusOf(result, FAILED), error);
        return result;
      }
      return result.then((response: unknown) => {
        record(call, statusOf(response, FAILED), error);
        return response;
      });
    };
  }

  #fail(call: Call, error: unknown, handled: boolean): void {
    if (handled && typeof error === 'object' && error !== null) this.#failed.set(error, call);
    else this.#record(call, FAILED, error);
  }

  #measure({ startedMs, request, route }: Call, status: number, error: unknown): void {
    if (!this.on) return;
    this.#durations.record({
      seconds: (performance.now() - startedMs) / 1000,
      method: request.method,
      status,
      version: '',
      secure: request.url.startsWith('https:'),
      place: route === '' ? this.#tools.routes.of(request) : route,
      errorType: error === undefined ? undefined : this.#errors.of(error),
    });
  }
}

function statusOf(response: unknown, otherwise: number): number {
  const status = (response as { status?: unknown } | null | undefined)?.status;
  return typeof status === 'number' ? status : otherwise;
}
