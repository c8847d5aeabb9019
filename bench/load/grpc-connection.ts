import { connect, type ClientHttp2Session, type IncomingHttpHeaders } from 'node:http2';
import type { ConnectionEvents, SenderOptions } from './sender.ts';
import { GRPC_PATHS } from './workload.ts';

/** Room in front of a message for its prefix. */
const PREFIX_BYTES = 5;
const PAUSE_MS = 20;
const WINDOW_BYTES = 64 * 1024;

/** One HTTP/2 connection with one call under way: what an SDK's gRPC exporter is. */
export class GrpcConnection {
  readonly #options: SenderOptions;
  readonly #events: ConnectionEvents;
  readonly #out: Buffer;
  readonly #view: DataView;
  readonly #headers: Readonly<Record<string, string>>;
  #session: ClientHttp2Session | undefined;
  /** The call is out and not answered; its bytes are still being written. Both end before the buffer is reused. */
  #busy = false;
  #paused = false;
  #stopped: (() => void) | undefined;

  constructor(options: SenderOptions, maxBodyBytes: number, events: ConnectionEvents) {
    this.#options = options;
    this.#events = events;
    this.#out = Buffer.alloc(PREFIX_BYTES + maxBodyBytes + 1024);
    this.#view = new DataView(this.#out.buffer, this.#out.byteOffset, this.#out.length);
    this.#headers = {
      ':method': 'POST',
      ':path': GRPC_PATHS[options.workload.signal],
      'content-type': 'application/grpc',
      te: 'trailers',
      'user-agent': 'periscope-bench',
      ...(options.gzip ? { 'grpc-encoding': 'gzip' } : {}),
    };
  }

  start(): void {
    const session = connect(`http://127.0.0.1:${this.#options.port}`, { settings: { initialWindowSize: WINDOW_BYTES } });
    this.#session = session;
    session.on('connect', () => this.wake());
    session.on('error', () => {});
    session.on('close', () => {
      if (this.#stopped === undefined) setTimeout(() => this.#stopped === undefined && this.start(), PAUSE_MS);
      else this.#stopped();
    });
  }

  wake(): void {
    const session = this.#session;
    if (this.#busy || this.#paused || session === undefined || session.connecting || session.closed || session.destroyed) return;
    const end = this.#events.fill(this.#out, this.#view, PREFIX_BYTES);
    if (end === undefined) {
      this.#stopped?.();
      return;
    }
    this.#out[0] = this.#options.gzip ? 1 : 0;
    this.#out.writeUInt32BE(end - PREFIX_BYTES, 1);
    this.#busy = true;
    this.#call(session, end);
  }

  async stop(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#stopped = resolve;
      if (!this.#busy) resolve();
    });
    this.#stopped = () => {};
    this.#session?.destroy();
  }

  #call(session: ClientHttp2Session, end: number): void {
    const sentAt = performance.now();
    const token = this.#events.token();
    const stream = session.request(token === undefined ? this.#headers : { ...this.#headers, authorization: `Bearer ${token}` });
    let last: IncomingHttpHeaders | undefined;
    const chunks: Buffer[] = [];
    stream.on('error', () => {});
    stream.on('response', (headers) => (last = headers));
    stream.on('trailers', (trailers) => (last = trailers));
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.once('close', () => {
      this.#busy = false;
      const status = last?.['grpc-status'];
      if (status === undefined) this.#events.lost();
      const code = status === '0' ? 200 : Number(status);
      const message = Buffer.concat(chunks).subarray(PREFIX_BYTES);
      if (status !== undefined && this.#events.answered(code, message, performance.now() - sentAt)) this.wake();
      else this.#pause();
    });
    stream.end(this.#out.subarray(0, end));
  }

  #pause(): void {
    if (this.#stopped !== undefined) {
      this.#stopped();
      return;
    }
    this.#paused = true;
    setTimeout(() => {
      this.#paused = false;
      this.wake();
    }, PAUSE_MS);
  }
}
