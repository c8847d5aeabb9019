import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { afterEach, describe, expect, it } from 'vitest';
import { SeamTransport } from '../../../../agent/instrument/export/seam-transport.ts';
import type { SeamRequest } from '../../../../pipeline/meeting-point.ts';

const OK = { ok: true } as const;
const open: { close(): void }[] = [];
afterEach(() => {
  for (const each of open.splice(0)) each.close();
});

function between(): { readonly transport: SeamTransport; readonly far: MessagePort; readonly asked: SeamRequest[] } {
  const { port1, port2 } = new MessageChannel();
  const asked: SeamRequest[] = [];
  port2.on('message', (request: SeamRequest) => void asked.push(request));
  const transport = new SeamTransport(port1, 'metrics');
  open.push(transport, port2);
  return { transport, far: port2, asked };
}

const arrived = async (asked: readonly unknown[], count: number): Promise<void> => {
  while (asked.length < count) await new Promise((resolve) => setImmediate(resolve));
};

describe('requests across a seam', () => {
  it('give their bytes away, and are answered each by its own, whichever comes first', async () => {
    const { transport, far, asked } = between();
    const [own, pooled] = [new Uint8Array([1, 2, 3]), Buffer.from('some of a pool')];
    const first = transport.post(own, { timeoutMs: 5000, keepsAlive: true });
    const second = transport.post(pooled, { timeoutMs: 5000, keepsAlive: true });
    await arrived(asked, 2);
    expect([own.length, pooled.toString()]).toEqual([0, 'some of a pool']);
    expect(asked.map(({ signal, bytes }) => [signal, Buffer.from(bytes).toString('latin1')])).toEqual([
      ['metrics', '\u0001\u0002\u0003'],
      ['metrics', 'some of a pool'],
    ]);
    far.postMessage({ id: asked[1]!.id, outcome: { ok: false, code: 'QUEUE_FULL', retryable: true, message: '' } });
    expect(await second).toMatchObject({ outcome: { code: 'QUEUE_FULL' } });
    far.postMessage({ id: asked[0]!.id, outcome: OK });
    far.postMessage({ id: asked[0]!.id, outcome: OK });
    expect(await first).toEqual({ outcome: OK });
  });

  it('end by their time, and when somebody ends them', async () => {
    const { transport } = between();
    const aborting = new AbortController();
    const posting = { timeoutMs: 60_000, keepsAlive: true };
    const aborted = transport.post(new Uint8Array(1), { ...posting, signal: aborting.signal });
    aborting.abort();
    expect(await aborted).toEqual({ error: 'ABORTED' });
    expect(await transport.post(new Uint8Array(1), { ...posting, signal: aborting.signal })).toEqual({ error: 'ABORTED' });
    expect(await transport.post(new Uint8Array(1), { timeoutMs: 10, keepsAlive: true })).toEqual({ error: 'TIMEOUT' });
  });

  it('are told when the other side is gone, those under way, too', async () => {
    const { transport, far, asked } = between();
    const pending = transport.post(new Uint8Array(1), { timeoutMs: 60_000, keepsAlive: true });
    await arrived(asked, 1);
    far.close();
    expect(await pending).toEqual({ error: 'CLOSED' });
    expect(await transport.post(new Uint8Array(1), { timeoutMs: 60_000 })).toEqual({ error: 'CLOSED' });
  });

  it('that are under way are answered before it closes; it takes no more', async () => {
    const { transport, far, asked } = between();
    const pending = transport.post(new Uint8Array(1), { timeoutMs: 60_000, keepsAlive: true });
    await arrived(asked, 1);
    transport.close();
    expect(await transport.post(new Uint8Array(1), { timeoutMs: 60_000 })).toEqual({ error: 'CLOSED' });
    const closed = new Promise((resolve) => far.once('close', resolve));
    far.postMessage({ id: asked[0]!.id, outcome: OK });
    expect(await pending).toEqual({ outcome: OK });
    await closed;
  });
});
