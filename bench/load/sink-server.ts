import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type * as UwsTypes from 'uWebSockets.js';
import type { HttpRequest, HttpResponse, TemplatedApp, us_listen_socket } from 'uWebSockets.js';

export interface SinkServer {
  readonly port: number;
  close(): Promise<void>;
}

/** Gets a whole body and its Content-Encoding; the bytes may not be kept. */
export type TakeBody = (body: Buffer, encoding: string) => void;

/** Answers every POST with 200. Takes uWebSockets.js where it loads: a slow sink would be measured as a slow sender. */
export async function openSink(take: TakeBody): Promise<SinkServer> {
  try {
    const uws = (await import('uWebSockets.js')) as unknown as Uws;
    return await openUws(uws.App(), uws, take);
  } catch {
    return openNode(take);
  }
}

/** The package has these two and leaves them out of its types. */
type Uws = typeof UwsTypes & {
  us_socket_local_port(socket: us_listen_socket): number;
  us_listen_socket_close(socket: us_listen_socket): void;
};

function openUws(app: TemplatedApp, uws: Uws, take: TakeBody): Promise<SinkServer> {
  const spare: Buffer[] = [];
  app.post('/*', (res, req) => drain(res, req, spare, take));
  return new Promise((resolve, reject) => {
    app.listen('127.0.0.1', 0, (socket: us_listen_socket | false) => {
      if (socket === false) reject(new Error('cannot open the sink: no port'));
      else {
        resolve({
          port: uws.us_socket_local_port(socket),
          close: async () => uws.us_listen_socket_close(socket),
        });
      }
    });
  });
}

function drain(res: HttpResponse, req: HttpRequest, spare: Buffer[], take: TakeBody): void {
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
