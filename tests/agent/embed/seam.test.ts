import { MessageChannel } from 'node:worker_threads';
import { afterEach, describe, expect, it } from 'vitest';
import { SeamClient } from '../../../agent/embed/seam-client.ts';
import { serveSeam, type Take } from '../../../agent/embed/seam-server.ts';
import type { Outcome } from '../../../pipeline/component.ts';
import { LIMITS } from '../../../pipeline/limits.ts';
import type { Signal } from '../../../pipeline/signal.ts';

const OK: Outcome = { ok: true };
const GONE: Outcome = { ok: false, code: 'EMBEDDED_DOWN', retryable: true, message: 'gone' };
const bytes = (...content: number[]): Uint8Array<ArrayBuffer> => new Uint8Array(content);
let client: SeamClient | undefined;
afterEach(() => client?.end(GONE));

function between(take: Take): SeamClient {
  const { port1, port2 } = new MessageChannel();
  serveSeam(port2, take);
  client = new SeamClient(port1);
  return client;
}

describe('a seam between two threads', () => {
  it('brings bytes over and outcomes back, each to who asked, whichever comes first', async () => {
    const open: (() => void)[] = [];
    const seam = between((signal, given, receiver) => {
      const outcome: Outcome = { ok: true, rejected: [{ reason: `${signal} ${receiver}`, items: given[0]!, message: '' }] };
      return given[0] === 1 ? new Promise((resolve) => open.push(() => resolve(outcome))) : outcome;
    });
    const first = seam.send('logs', bytes(1), { receiver: 'otlp/a' });
    expect(await seam.send('metrics', bytes(2))).toMatchObject({
      rejected: [{ reason: 'metrics undefined', items: 2 }],
    });
    open[0]!();
    expect(await first).toMatchObject({ rejected: [{ reason: 'logs otlp/a', items: 1 }] });
  });

  it('gives the bytes away where that is asked for, and there is room', async () => {
    let answer = (_outcome: Outcome): void => {};
    const seam = between(() => new Promise((resolve) => (answer = resolve)));
    const [first, second, third] = [bytes(1, 2, 3), bytes(1, 2, 3), new Uint8Array(LIMITS.embeddedBytes)];
    const open = [seam.send('logs', first, { transfer: true }), seam.send('logs', second)];
    expect(await seam.send('logs', third, { transfer: true })).toMatchObject({ code: 'EMBEDDED_BUSY' });
    expect([first.length, second.length, third.length]).toEqual([0, 3, LIMITS.embeddedBytes]);
    await new Promise((resolve) => setTimeout(resolve, 20));
    answer(OK);
    seam.end(GONE);
    await Promise.all(open);
  });

  it('holds no more bytes than its bound, but for one request by itself', async () => {
    let answer = (_outcome: Outcome): void => {};
    const seam = between(() => new Promise((resolve) => (answer = resolve)));
    const large = seam.send('logs', new Uint8Array(LIMITS.embeddedBytes + 1));
    expect(await seam.send('logs', bytes(1))).toMatchObject({
      code: 'EMBEDDED_BUSY',
      retryable: true,
      retryAfterMs: 1000,
    });
    await new Promise((resolve) => setTimeout(resolve, 20));
    answer(OK);
    expect(await large).toEqual(OK);
    const next = seam.send('logs', bytes(1));
    await new Promise((resolve) => setTimeout(resolve, 20));
    answer(OK);
    expect(await next).toEqual(OK);
  });

  it('that ends gives the answers that are there, and tells all others that it has', async () => {
    const seam = between((_signal, given) => (given[0] === 1 ? OK : new Promise(() => {})));
    const answered = seam.send('logs', bytes(1));
    const open = seam.send('logs', bytes(2));
    // The other side has its turn, this one has not taken the answer.
    await new Promise((resolve) => setImmediate(resolve));
    seam.end(GONE);
    seam.end(GONE);
    expect(await open).toEqual(GONE);
    expect([OK, GONE]).toContainEqual(await answered);
  });

  it.each([
    ['spans' as Signal, bytes(1)],
    ['logs' as Signal, 'text' as unknown as Uint8Array],
  ])('refuses what is no request: %s', async (signal, given) => {
    const { port1, port2 } = new MessageChannel();
    serveSeam(port2, () => OK);
    const answered = new Promise((resolve) => port1.once('message', resolve));
    port1.postMessage({ id: 7, signal, bytes: given });
    expect(await answered).toMatchObject({ id: 7, outcome: { ok: false, code: 'MALFORMED' } });
    port1.close();
  });
});
