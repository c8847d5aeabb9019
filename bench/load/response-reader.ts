export interface Response {
  readonly status: number;
  readonly body: Buffer;
}

/** Cuts one connection's bytes into HTTP/1.1 responses. The sender waits for each answer, so there is one at a time. */
export class ResponseReader {
  #pending: Buffer | undefined;

  /** Takes the bytes of one read; the response when it is complete. Throws on what is not HTTP/1.1. */
  feed(chunk: Buffer): Response | undefined {
    const bytes = this.#pending ? Buffer.concat([this.#pending, chunk]) : chunk;
    const response = parse(bytes);
    // The chunk is the caller's read buffer and will be written over.
    this.#pending = response ? undefined : Buffer.from(bytes);
    return response;
  }
}

function parse(bytes: Buffer): Response | undefined {
  const headEnd = bytes.indexOf('\r\n\r\n');
  if (headEnd < 0) return undefined;
  const head = bytes.toString('latin1', 0, headEnd);
  const status = Number(head.slice(9, 12));
  if (!head.startsWith('HTTP/1.1 ') || !(status >= 100)) {
    throw new Error(`cannot read the answer: not HTTP/1.1: ${JSON.stringify(head.slice(0, 40))}`);
  }
  const bodyStart = headEnd + 4;
  if (/\r\ntransfer-encoding:\s*chunked/i.test(head)) return chunked(bytes, bodyStart, status);
  const length = Number(/\r\ncontent-length:\s*(\d+)/i.exec(head)?.[1] ?? 0);
  if (bytes.length < bodyStart + length) return undefined;
  return { status, body: Buffer.from(bytes.subarray(bodyStart, bodyStart + length)) };
}

function chunked(bytes: Buffer, bodyStart: number, status: number): Response | undefined {
  const parts: Buffer[] = [];
  let at = bodyStart;
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd < 0) return undefined;
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16);
    const dataStart = lineEnd + 2;
    if (bytes.length < dataStart + size + 2) return undefined;
    if (size === 0) return { status, body: Buffer.concat(parts) };
    parts.push(bytes.subarray(dataStart, dataStart + size));
    at = dataStart + size + 2;
  }
}

/** Items that a 200 answer (an Export…ServiceResponse) says were not taken. */
export function rejectedItems(body: Uint8Array): number {
  if (body.length === 0 || body[0] !== 0x0a) return 0;
  // partial_success (1) { rejected (1, varint) }; both lengths are one byte in an answer without a long message.
  const view = body.subarray(1);
  let at = 0;
  while (view[at]! >= 0x80) at++;
  at++;
  if (view[at++] !== 0x08) return 0;
  let value = 0;
  for (let factor = 1; ; factor *= 128) {
    const byte = view[at++] ?? 0;
    value += (byte & 0x7f) * factor;
    if (byte < 0x80) return value;
  }
}
