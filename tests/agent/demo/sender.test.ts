import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { Sender } from '../../../agent/demo/sender.ts';
import { OtlpSink, type SinkScript } from '../../support/otlp-sink.ts';

const BODY = Uint8Array.of(1, 2, 3);

async function withSink(script: SinkScript | undefined, act: (sink: OtlpSink, sender: Sender) => Promise<void>): Promise<void> {
  const sink = await OtlpSink.start(script);
  const sender = new Sender({ traces: `${sink.url}/v1/traces` });
  try {
    await act(sink, sender);
  } finally {
    sender.close();
    await sink.close();
  }
}

describe('the sender of the demo', () => {
  it('posts protobuf over one connection', () =>
    withSink(undefined, async (sink, sender) => {
      for (let i = 0; i < 3; i++) expect(await sender.send('traces', BODY)).toBe(true);
      expect(sink.bodies('traces').map((body) => [...body])).toEqual([
        [1, 2, 3],
        [1, 2, 3],
        [1, 2, 3],
      ]);
      expect(sink.requests[0]?.headers['content-type']).toBe('application/x-protobuf');
      expect(sink.connections).toBe(1);
    }));

  it('lets go of a connection before the server does, which says when that is', async () => {
    const server = createServer((request, response) => {
      response.setHeader('Keep-Alive', 'timeout=2');
      request.resume().once('end', () => response.end());
    });
    server.keepAliveTimeout = 0;
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const sender = new Sender({ traces: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/traces` });
    const connected = once(server, 'connection') as Promise<[Socket]>;
    expect(await sender.send('traces', BODY)).toBe(true);
    const [socket] = await connected;
    await once(socket, 'close');
    sender.close();
    server.close();
    await once(server, 'close');
  });

  it('sends again what a full collector refuses', () =>
    withSink(
      (_, index) => (index === 0 ? { status: 503 } : {}),
      async (sink, sender) => {
        expect(await sender.send('traces', BODY)).toBe(true);
        expect(sink.seen).toBe(2);
      },
    ));

  it('gives up what is refused for good', () =>
    withSink(
      () => ({ status: 400 }),
      async (sink, sender) => {
        expect(await sender.send('traces', BODY)).toBe(false);
        expect(sink.seen).toBe(1);
      },
    ));

  it('does not send what nobody takes', () =>
    withSink(undefined, async (sink, sender) => {
      expect(await sender.send('logs', BODY)).toBe(false);
      expect(sink.seen).toBe(0);
    }));
});
