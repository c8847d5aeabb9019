import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { loadUws, type Uws, type UwsRequest, type UwsResponse } from '../../server/engine/uws-native.ts';

export interface SinkServer {
  readonly port: number;
  close(): Promise<void>;
}

/** Gets a whole body and its Content-Encoding; the bytes may not be kept. */
export type TakeBody = (body: Buffer, encoding: string) => void;

/** Answers every request with 200. Takes uWebSockets.js where it loads: a slow sink would be measured as a slow sender. */
export async function openSink(take: TakeBody): Promise<SinkServer> {
  let uws: Uws;
  try {
    uws = await loadUws();
  } catch {
    return openNode(take);
  }
  return openUws(uws, take);
}

function openUws(uws: Uws, take: TakeBody): Promise<SinkServer> {
  const spare: Buffer[] = [];
  const app = uws.App().any('/*', (res, req) => drain(res, req, spare, take));
  return new Promise((resolve, reject) => {
    app.listen('127.0.0.1', 0, 0, (socket) => {
      if (socket === false) reject(new Error('cannot open the sink: no port'));
      else resolve({ port: uws.getSocketPort(socket), close: async () => void app.close() });
    });
  });
}

function drain(res: UwsResponse, req: UwsRequest, spare: Buffer[], take: TakeBody): void {
  const encoding = req.getHeader('content-encoding');
  const announced = Number(req.getHeader('content-length')) || 0;
  let buffer = spare.pop() ?? Buffer.allocUnsafeSlow(2 * 1024 * 1024);
  if (buffer.length < announced) buffer = Buffer.allocUnsafeSlow(announced);
  let length = 0;
  let aborted = false;
  res.onAborted(() => {
    aborted = true;
    spare.push(buffer);
  });
  res.onData((chunk, isLast) => {
    const bytes = new Uint8Array(chunk);
    if (length + bytes.length > buffer.length) {
      const grown = Buffer.allocUnsafeSlow((length + bytes.length) * 2);
      buffer.copy(grown, 0, 0, length);
      buffer = grown;
    }
    buffer.set(bytes, length);
    length += bytes.length;
    if (!isLast || aborted) return;
    take(buffer.subarray(0, length), encoding);
    spare.push(buffer);
    res.cork(() => res.writeHeader('Content-Type', 'application/x-protobuf').end());
  });
}

function openNode(take: TakeBody): Promise<SinkServer> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      take(Buffer.concat(chunks), request.headers['content-encoding'] ?? '');
      response.writeHead(200, { 'Content-Type': 'application/x-protobuf', 'Content-Length': 0 });
      response.end();
    });
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      resolve({
        port: (server.address() as AddressInfo).port,
        close: () =>
          new Promise((closed) => {
            server.close(() => closed());
            server.closeAllConnections();
          }),
      });
    });
  });
}
