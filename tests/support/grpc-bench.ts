import { afterEach } from 'vitest';
import { ERRORS, type ErrorCode } from '../../pipeline/errors.ts';
import type { GrpcAnswer, GrpcHandler, GrpcHead, GrpcOptions, GrpcWatch } from '../../pipeline/host-grpc.ts';
import type { HttpListener } from '../../pipeline/host.ts';
import type { openGrpc } from '../../server/engine/grpc.ts';
import { GrpcPeer } from './grpc-peer.ts';
import { RawGrpc } from './raw-grpc.ts';

export const GRPC_OPTIONS: GrpcOptions = {
  endpoint: '127.0.0.1:0',
  maxMessageBytes: 1 << 20,
  maxConcurrentStreams: 100,
  maxConnections: 100,
  handshakeTimeoutMs: 5000,
  idleTimeoutMs: 5000,
  readTimeoutMs: 0,
  keepalive: {
    maxIdleMs: 0,
    maxAgeMs: 0,
    maxAgeGraceMs: 0,
    timeMs: 0,
    timeoutMs: 20_000,
    minPingIntervalMs: 300_000,
    pingWithoutStream: false,
  },
};

/** Keeps what it is told; answers with the message it got, unless the test says otherwise. */
export class GrpcRecorder implements GrpcHandler {
  readonly heads: GrpcHead[] = [];
  readonly prefixes: { readonly bytes: number; readonly compressed: boolean }[] = [];
  readonly messages: Uint8Array[] = [];
  readonly faults: ErrorCode[] = [];
  gones = 0;
  onHead: (head: GrpcHead) => GrpcAnswer | undefined | Promise<GrpcAnswer | undefined> = () => undefined;
  onPrefix: (head: GrpcHead, bytes: number) => GrpcAnswer | undefined = () => undefined;
  onRequest: (head: GrpcHead, message: Uint8Array) => Promise<GrpcAnswer> | GrpcAnswer | GrpcWatch = (_head, message) => ({
    status: 0,
    message,
  });

  head(head: GrpcHead): GrpcAnswer | undefined | Promise<GrpcAnswer | undefined> {
    this.heads.push(head);
    return this.onHead(head);
  }
  prefix(head: GrpcHead, bytes: number, compressed: boolean): GrpcAnswer | undefined {
    this.prefixes.push({ bytes, compressed });
    return this.onPrefix(head, bytes);
  }
  request(head: GrpcHead, message: Uint8Array): Promise<GrpcAnswer> | GrpcAnswer | GrpcWatch {
    this.messages.push(message);
    return this.onRequest(head, message);
  }
  fault(_head: GrpcHead, code: ErrorCode, cause: string): GrpcAnswer {
    this.faults.push(code);
    return { status: ERRORS[code].grpc, words: cause };
  }
  gone(): void {
    this.gones += 1;
  }
}

export interface GrpcBench {
  listen(
    options?: Partial<GrpcOptions>,
    handler?: GrpcRecorder,
  ): Promise<{ handler: GrpcRecorder; url: string; listener: HttpListener }>;
  peer(url: string, options?: ConstructorParameters<typeof GrpcPeer>[1]): GrpcPeer;
  raw(url: string, greet?: boolean): Promise<RawGrpc>;
}

/** Listeners, clients and connections of one `describe`, closed after each test. */
export function grpcBench(open: typeof openGrpc): GrpcBench {
  const listeners: HttpListener[] = [];
  const closers: (() => void)[] = [];
  afterEach(async () => {
    for (const close of closers.splice(0)) close();
    for (const listener of listeners.splice(0)) await listener.close(0);
  });
  return {
    async listen(options = {}, handler = new GrpcRecorder()) {
      const listener = await open({ ...GRPC_OPTIONS, ...options }, handler);
      listeners.push(listener);
      return { handler, url: listener.url, listener };
    },
    peer(url, options) {
      const peer = new GrpcPeer(url, options);
      closers.push(() => peer.close());
      return peer;
    },
    async raw(url, greet) {
      const raw = await RawGrpc.open(url, greet);
      closers.push(() => raw.destroy());
      return raw;
    },
  };
}
