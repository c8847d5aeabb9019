import { request } from 'node:http';
import { connect } from 'node:http2';

/** Asks a system that may just be starting: 200, another status, or why there was no answer. */
export type FirstRequest = (port: number) => Promise<number | string>;

/** An empty request over HTTP. */
export function postEmpty(port: number, path: string, token?: string): Promise<number | string> {
  return new Promise((resolve) => {
    const authorization = token === undefined ? {} : { Authorization: `Bearer ${token}` };
    const headers = { 'Content-Type': 'application/x-protobuf', 'Content-Length': 0, ...authorization };
    const ask = request({ host: '127.0.0.1', port, path, method: 'POST', headers, agent: false, timeout: 2000 }, (answer) => {
      answer.resume();
      answer.once('end', () => resolve(answer.statusCode ?? 0));
    });
    ask.once('timeout', () => ask.destroy(new Error('timeout')));
    ask.once('error', (cause) => resolve(cause.message));
    ask.end();
  });
}

/** An empty message over gRPC; status 0 is 200. */
export function callEmpty(port: number, path: string): Promise<number | string> {
  return new Promise((resolve) => {
    const session = connect(`http://127.0.0.1:${port}`);
    const done = (result: number | string): void => {
      session.destroy();
      resolve(result);
    };
    session.setTimeout(2000, () => done('timeout'));
    session.once('error', (cause) => done(cause.message));
    const stream = session.request({ ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers' });
    stream.on('error', (cause) => done(cause.message));
    const answered = (headers: Readonly<Record<string, unknown>>): void => {
      const status = headers['grpc-status'];
      if (status !== undefined) done(status === '0' ? 200 : `gRPC status ${String(status)}`);
    };
    stream.on('response', answered);
    stream.on('trailers', answered);
    stream.resume();
    stream.end(Buffer.alloc(5));
  });
}
