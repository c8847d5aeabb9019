import { createHash, randomBytes } from 'node:crypto';
import type { RawHttp } from './raw-http.ts';

export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

export interface FrameParts {
  readonly fin?: boolean;
  /** Of the three reserved bits, 4 is RSV1. */
  readonly reserved?: number;
  readonly masked?: boolean;
  /** Bytes of the length, whatever the shortest would be. */
  readonly lengthBytes?: 0 | 2 | 8;
  /** What the length says, whatever the payload is. */
  readonly saidLength?: bigint;
}

/** One frame as RFC 6455 5.2 has it, with whatever a test wants wrong about it. */
export function frame(opcode: number, payload: string | Uint8Array = '', parts: FrameParts = {}): Buffer {
  const { fin = true, reserved = 0, masked = true } = parts;
  const data = Buffer.from(payload as string);
  const lengthBytes = parts.lengthBytes ?? (data.length < 126 ? 0 : data.length < 65_536 ? 2 : 8);
  const said = parts.saidLength ?? BigInt(data.length);
  const head = Buffer.alloc(2 + lengthBytes);
  head[0] = (fin ? 0x80 : 0) | (reserved << 4) | opcode;
  head[1] = (masked ? 0x80 : 0) | (lengthBytes === 0 ? Number(said) : lengthBytes === 2 ? 126 : 127);
  if (lengthBytes === 2) head.writeUInt16BE(Number(said), 2);
  if (lengthBytes === 8) head.writeBigUInt64BE(said, 2);
  if (!masked) return Buffer.concat([head, data]);
  const mask = randomBytes(4);
  return Buffer.concat([head, mask, data.map((byte, at) => byte ^ mask[at % 4]!)]);
}

export function closeFrame(code: number, reason: string | Uint8Array = ''): Buffer {
  const number = Buffer.alloc(2);
  number.writeUInt16BE(code);
  return frame(OPCODE.close, Buffer.concat([number, Buffer.from(reason as string)]));
}

export interface Frame {
  readonly fin: boolean;
  readonly reserved: number;
  readonly opcode: number;
  readonly masked: boolean;
  readonly payload: Buffer;
}

export const HANDSHAKE: Readonly<Record<string, string>> = {
  Connection: 'Upgrade',
  Upgrade: 'websocket',
  'Sec-WebSocket-Version': '13',
  'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
};

/** What a server must answer to a Sec-WebSocket-Key (RFC 6455 4.2.2). */
export const acceptOf = (key: string): string =>
  createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');

/** A WebSocket client that says exactly what a test wants said. */
export class RawWebSocket {
  readonly http: RawHttp;
  #read = 0;

  constructor(http: RawHttp) {
    this.http = http;
  }

  write(...parts: readonly (string | Uint8Array)[]): this {
    this.http.write(...parts);
    return this;
  }

  text(text: string): this {
    return this.write(frame(OPCODE.text, text));
  }

  /** The next frame of the server; undefined when the connection ends before it is whole. */
  async next(): Promise<Frame | undefined> {
    for (;;) {
      const found = this.#take();
      if (found !== undefined || this.http.socket.destroyed || this.http.socket.readableEnded) return found;
      await this.#more();
    }
  }

  /** Close code of the server; 0: a close frame without one; undefined: the connection ended without a close frame. */
  async closeCode(): Promise<number | undefined> {
    for (;;) {
      const next = await this.next();
      if (next === undefined) return undefined;
      if (next.opcode === OPCODE.close) return next.payload.length === 0 ? 0 : next.payload.readUInt16BE(0);
    }
  }

  #more(): Promise<void> {
    const { socket } = this.http;
    return new Promise((resolve) => {
      const done = (): void => {
        for (const event of ['data', 'end', 'close']) socket.off(event, done);
        resolve();
      };
      for (const event of ['data', 'end', 'close']) socket.on(event, done);
    });
  }

  #take(): Frame | undefined {
    const bytes = this.http.rest.subarray(this.#read);
    if (bytes.length < 2) return undefined;
    const [first, second] = [bytes[0]!, bytes[1]!];
    let length = second & 0x7f;
    let at = 2;
    if (length === 126) {
      if (bytes.length < 4) return undefined;
      length = bytes.readUInt16BE(2);
      at = 4;
    } else if (length === 127) {
      if (bytes.length < 10) return undefined;
      length = Number(bytes.readBigUInt64BE(2));
      at = 10;
    }
    if (bytes.length < at + length) return undefined;
    this.#read += at + length;
    return {
      fin: (first & 0x80) !== 0,
      reserved: (first >> 4) & 7,
      opcode: first & 0xf,
      masked: (second & 0x80) !== 0,
      payload: bytes.subarray(at, at + length),
    };
  }
}
