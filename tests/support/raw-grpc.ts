import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** HTTP/2 frame types and error codes (RFC 9113 6, 7), as far as tests send and read them. */
export const FRAME = {
  data: 0,
  headers: 1,
  reset: 3,
  settings: 4,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;
export const END_STREAM = 1;
export const END_HEADERS = 4;
export const ACK = 1;
export const CANCEL = 8;
export const ENHANCE_YOUR_CALM = 11;

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

export function frame(type: number, flags: number, stream: number, payload: Uint8Array = new Uint8Array()): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** HPACK without a table and without Huffman codes: a literal field, names and values under 16,000 bytes. */
export function hpack(fields: readonly (readonly [string, string])[]): Buffer {
  const text = (words: string): Buffer => {
    const bytes = Buffer.from(words, 'latin1');
    if (bytes.length < 127) return Buffer.concat([Buffer.of(bytes.length), bytes]);
    const rest = bytes.length - 127;
    const length = rest < 128 ? [rest] : [(rest & 0x7f) | 0x80, rest >> 7];
    return Buffer.concat([Buffer.of(127, ...length), bytes]);
  };
  return Buffer.concat(fields.flatMap(([name, value]) => [Buffer.of(0), text(name), text(value)]));
}

export const callFields = (
  path: string,
  more: readonly (readonly [string, string])[] = [],
): readonly (readonly [string, string])[] => [
  [':method', 'POST'],
  [':scheme', 'http'],
  [':path', path],
  [':authority', 'test'],
  ['content-type', 'application/grpc'],
  ['te', 'trailers'],
  ...more,
];

/** A message with its prefix. `length` lies about it. */
export function prefixed(message: Uint8Array, length = message.length, flags = 0): Buffer {
  const head = Buffer.alloc(5);
  head[0] = flags;
  head.writeUInt32BE(length, 1);
  return Buffer.concat([head, message]);
}

/** A connection that says HTTP/2 frames of the test's choosing and keeps what it is told. */
export class RawGrpc {
  readonly frames: Frame[] = [];
  closed = false;
  readonly #socket: Socket;
  #rest = Buffer.alloc(0);

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk) => this.#read(chunk));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.closed = true;
    });
  }

  /** `greet` false: nothing is said, not even the preface. */
  static async open(url: string, greet = true): Promise<RawGrpc> {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    const raw = new RawGrpc(socket);
    if (greet) raw.write(Buffer.from(PREFACE), frame(FRAME.settings, 0, 0));
    return raw;
  }

  write(...parts: readonly Uint8Array[]): void {
    if (!this.#socket.destroyed) this.#socket.write(Buffer.concat(parts));
  }

  /** One call in one write. */
  call(stream: number, path: string, body: Uint8Array, more: readonly (readonly [string, string])[] = []): void {
    const head = frame(FRAME.headers, END_HEADERS, stream, hpack(callFields(path, more)));
    this.write(head, frame(FRAME.data, END_STREAM, stream, body));
  }

  of(type: number): Frame[] {
    return this.frames.filter((each) => each.type === type);
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #read(chunk: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    while (this.#rest.length >= 9) {
      const length = this.#rest.readUIntBE(0, 3);
      if (this.#rest.length < 9 + length) return;
      this.frames.push({
        type: this.#rest[3] ?? 0,
        flags: this.#rest[4] ?? 0,
        stream: this.#rest.readUInt32BE(5),
        payload: Buffer.from(this.#rest.subarray(9, 9 + length)),
      });
      this.#rest = this.#rest.subarray(9 + length);
    }
  }
}
