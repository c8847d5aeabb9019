import { describe, expect, it } from 'vitest';
import { Listeners, type Wanted } from '../../../agent/collector/listeners.ts';
import type { HttpListener } from '../../../pipeline/host.ts';
import { quietContext } from '../../support/contexts.ts';

const { log } = quietContext();

/** Tells what happens to it; each handler is a name. */
class Socket implements HttpListener {
  readonly url: string;
  readonly engine = 'test';
  readonly #events: string[];
  readonly #owner: string;

  constructor(url: string, owner: string, events: string[]) {
    this.url = url;
    this.#owner = owner;
    this.#events = events;
  }
  async close(): Promise<void> {
    this.#events.push(`${this.#owner} closes ${this.url}`);
  }
  handTo(handler: never): HttpListener {
    this.#events.push(`${this.#owner} hands ${this.url} to ${String(handler)}`);
    return new Socket(this.url, String(handler), this.#events);
  }
}

function bench(): {
  listeners: Listeners;
  events: string[];
  want(handler: string, endpoint: string, more?: object): Promise<HttpListener>;
} {
  const listeners = new Listeners();
  const events: string[] = [];
  const want = (handler: string, endpoint: string, more: object = {}): Promise<HttpListener> => {
    const wanted: Wanted<string> = {
      protocol: 'http',
      options: { endpoint, owner: 'otlp', ...more },
      handler,
      open: async () => {
        if (handler === 'broken') throw new Error('port in use');
        events.push(`${handler} opens ${endpoint}`);
        return new Socket(endpoint, handler, events);
      },
    };
    return listeners.want(wanted);
  };
  return { listeners, events, want };
}

describe('listeners of a process, while one graph takes over from another', () => {
  it('the same settings: nothing is opened or closed, and the change of hands comes with commit', async () => {
    const { listeners, events, want } = bench();
    const old = await want('old', 'localhost:1');
    listeners.begin();
    const next = await want('new', 'localhost:1');
    expect([next.url, events]).toEqual([old.url, ['old opens localhost:1']]);
    listeners.commit();
    expect(events.slice(1)).toEqual(['old hands localhost:1 to new']);
    await next.close(0);
    expect(events.at(-1)).toBe('new closes localhost:1');
    expect(listeners.open.map(({ endpoint, owner }) => [endpoint, owner])).toEqual([['localhost:1', 'otlp']]);
  });

  it('a promise that is not kept: closing it closes nothing, and the old owner goes on', async () => {
    const { listeners, events, want } = bench();
    const old = await want('old', 'localhost:1');
    listeners.begin();
    const next = await want('new', 'localhost:1');
    await next.close(0);
    await listeners.abandon(log);
    expect(events).toEqual(['old opens localhost:1']);
    await old.close(0);
    expect(events.at(-1)).toBe('old closes localhost:1');
  });

  it('other settings at the same address: the old one makes room; when the new one fails, it is opened again', async () => {
    const { listeners, events, want } = bench();
    const old = await want('old', 'localhost:1');
    listeners.begin();
    await want('new', 'localhost:1', { maxBodyBytes: 5 });
    expect(events).toEqual(['old opens localhost:1', 'old closes localhost:1', 'new opens localhost:1']);
    listeners.commit();
    expect(listeners.open).toHaveLength(1);

    listeners.begin();
    await expect(want('broken', 'localhost:1', { maxBodyBytes: 6 })).rejects.toThrow('port in use');
    await listeners.abandon(log);
    expect(events.slice(3)).toEqual(['new closes localhost:1', 'new opens localhost:1']);
    await old.close(0);
  });

  it('two listeners on free ports with equal settings are two, before and after', async () => {
    const { listeners, events, want } = bench();
    await want('old', '127.0.0.1:0');
    await want('old', '127.0.0.1:0');
    expect(events).toHaveLength(2);
    listeners.begin();
    await want('new', '127.0.0.1:0');
    await want('new', '127.0.0.1:0');
    await want('new', '127.0.0.1:0');
    listeners.commit();
    expect(events.slice(2).toSorted()).toEqual([
      'new opens 127.0.0.1:0',
      'old hands 127.0.0.1:0 to new',
      'old hands 127.0.0.1:0 to new',
    ]);
    expect(listeners.open).toHaveLength(3);
  });
});
