import { isDeepStrictEqual } from 'node:util';
import type { HttpListener } from '../../pipeline/host.ts';
import type { Log } from '../../pipeline/log.ts';

/** What is asked of a listener, whatever its protocol: equal settings are one listener. */
export interface Wanted<Handler> {
  readonly protocol: 'http' | 'grpc';
  readonly options: { readonly endpoint: string; readonly owner?: string };
  readonly handler: Handler;
  open(): Promise<HttpListener>;
}

/** A listener that a component has opened, with the endpoint its configuration asked for. */
export interface OpenListener {
  readonly owner: string;
  readonly endpoint: string;
  readonly listener: HttpListener;
}

/** A listener as its component holds it: what stands behind it can change hands. */
class Held implements HttpListener {
  readonly url: string;
  readonly engine: string;
  #real: HttpListener | undefined;

  constructor(like: HttpListener, real?: HttpListener) {
    this.url = like.url;
    this.engine = like.engine;
    this.#real = real;
  }

  get real(): HttpListener | undefined {
    return this.#real;
  }

  bind(real: HttpListener): void {
    this.#real = real;
  }

  /** One that was only promised has nothing to close. */
  async close(deadlineMs: number): Promise<void> {
    await this.#real?.close(deadlineMs);
  }

  handTo(handler: never): HttpListener {
    if (this.#real === undefined) throw new Error('BUG: a listener that was only promised is handed on');
    return this.#real.handTo(handler);
  }
}

interface Standing {
  readonly wanted: Wanted<never>;
  readonly held: Held;
}

/** For requests under way on a listener that has to make room. */
const MAKE_ROOM_MS = 1000;
const anyPort = (endpoint: string): boolean => endpoint.endsWith(':0');

/**
 * The listeners of a process, across graphs. While one graph takes over from another, a listener that is asked for again
 * with equal settings is only promised: its socket stays as it is, and with `commit` its next request goes to the new
 * owner. One that needs the address of another with other settings makes that one close first; `abandon` opens it again.
 */
export class Listeners {
  #standing: Standing[] = [];
  #takesOver = false;
  readonly #promised = new Map<Standing, Standing>();
  #opened: Standing[] = [];
  #displaced: Standing[] = [];

  /** In the order in which they were opened. */
  get open(): readonly OpenListener[] {
    return this.#standing.map(({ wanted: { options }, held }) => ({
      owner: options.owner ?? '',
      endpoint: options.endpoint,
      listener: held,
    }));
  }

  /** A graph is being built that shall take over. */
  begin(): void {
    this.#takesOver = true;
  }

  async want<Handler>(request: Wanted<Handler>): Promise<HttpListener> {
    const wanted = request as unknown as Wanted<never>;
    const same = this.#standing.find((each) => this.#isFree(each) && isSame(each.wanted, wanted));
    if (same !== undefined) {
      const promise = { wanted, held: new Held(same.held) };
      this.#promised.set(same, promise);
      return promise.held;
    }
    const inTheWay = this.#standing.find((each) => this.#isFree(each) && isInTheWay(each.wanted, wanted));
    if (inTheWay !== undefined) {
      this.#displaced.push(inTheWay);
      // It stops listening at once; its requests may end meanwhile.
      inTheWay.held.close(MAKE_ROOM_MS).catch(() => {});
    }
    const real = await wanted.open();
    const opened = { wanted, held: new Held(real, real) };
    (this.#takesOver ? this.#opened : this.#standing).push(opened);
    return opened.held;
  }

  /** The new graph runs: what was promised changes hands, all of it between two requests. */
  commit(): void {
    for (const [before, after] of this.#promised) after.held.bind(before.held.handTo(after.wanted.handler));
    this.#standing = [...this.#promised.values(), ...this.#opened];
    this.#end();
  }

  /** The new graph came to nothing and closes what it has opened: all is as it was. */
  async abandon(log: Log): Promise<void> {
    const displaced = this.#displaced;
    this.#end();
    for (const { wanted, held } of displaced) {
      try {
        held.bind(await wanted.open());
      } catch (error) {
        const cause = error instanceof Error ? error.message : String(error);
        log.error(`cannot listen at ${wanted.options.endpoint} again: ${cause}`);
      }
    }
  }

  #isFree(standing: Standing): boolean {
    return this.#takesOver && !this.#promised.has(standing) && !this.#displaced.includes(standing);
  }

  #end(): void {
    this.#takesOver = false;
    this.#promised.clear();
    this.#opened = [];
    this.#displaced = [];
  }
}

function isSame(one: Wanted<never>, other: Wanted<never>): boolean {
  return one.protocol === other.protocol && isDeepStrictEqual(one.options, other.options);
}

function isInTheWay({ options }: Wanted<never>, wanted: Wanted<never>): boolean {
  return options.endpoint === wanted.options.endpoint && !anyPort(options.endpoint);
}
