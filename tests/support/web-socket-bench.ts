import { expect } from 'vitest';
import type { HttpHead, HttpOptions } from '../../pipeline/host.ts';
import type { ServerSocket, UpgradeAnswer, WebSocketAccept } from '../../pipeline/web-socket.ts';
import type { EngineName } from '../../server/engine/index.ts';
import { httpBench, Recorder, until, type Bench } from './http-bench.ts';
import type { RawHttp } from './raw-http.ts';
import { HANDSHAKE, RawWebSocket } from './raw-web-socket.ts';

export const PATH = '/ws';

/** Keeps what it is told of WebSockets; takes every one of them, unless the test says otherwise. */
export class SocketRecorder extends Recorder {
  readonly upgrades: { path: string; query: string; protocols: string; address: string }[] = [];
  readonly sockets: ServerSocket[] = [];
  /** Texts as they are, binary ones as `binary: <hex>`. */
  readonly messages: string[] = [];
  readonly closes: number[] = [];
  pongs = 0;
  drains = 0;
  abandoned = 0;
  protocol = '';
  echo = false;
  onUpgrade: (head: HttpHead) => UpgradeAnswer | Promise<UpgradeAnswer> = () => this.accept();

  upgrade(head: HttpHead): UpgradeAnswer | Promise<UpgradeAnswer> {
    const { path, query, remoteAddress: address } = head;
    this.upgrades.push({ path, query, protocols: head.header('sec-websocket-protocol'), address });
    return this.onUpgrade(head);
  }

  accept(): WebSocketAccept {
    return {
      protocol: this.protocol,
      open: (socket) => {
        this.sockets.push(socket);
        return {
          message: (bytes, isBinary) => {
            const copy = Buffer.from(bytes);
            this.messages.push(isBinary ? `binary: ${copy.toString('hex')}` : copy.toString());
            if (this.echo) socket.send(copy, isBinary);
          },
          pong: () => (this.pongs += 1),
          drained: () => (this.drains += 1),
          closed: (code) => this.closes.push(code),
        };
      },
      abandon: () => (this.abandoned += 1),
    };
  }
}

/** As httpBench, with WebSockets taken at PATH. */
export function webSocketBench(engine: EngineName): {
  listen(
    options?: Partial<HttpOptions>,
  ): Promise<Omit<Awaited<ReturnType<Bench['listen']>>, 'handler'> & { handler: SocketRecorder }>;
  raw(url: string): Promise<RawHttp>;
  /** A client whose handshake is done. */
  connect(url: string): Promise<RawWebSocket>;
} {
  const bench = httpBench(engine);
  return {
    raw: bench.raw,
    async listen(options = {}) {
      const handler = new SocketRecorder();
      const { url, listener } = await bench.listen({ webSocket: { path: PATH, maxMessageBytes: 65_536 }, ...options }, handler);
      return { handler, url, listener };
    },
    async connect(url) {
      const http = await bench.raw(url);
      const answer = await http.head('GET', PATH, HANDSHAKE).answer();
      expect(answer?.status).toBe(101);
      return new RawWebSocket(http);
    },
  };
}
export { until };
