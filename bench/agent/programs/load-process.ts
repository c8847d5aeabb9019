/** Asks an HTTP server over connections that are kept, one request at a time on each. Orders and answers come by IPC. */
import { connect, type Socket } from 'node:net';

export interface LoadOrder {
  readonly port: number;
  readonly requests: number;
  readonly connections: number;
}

/** So many requests were answered. */
export interface LoadAnswer {
  readonly answered: number;
}

const HEAD_END = '\r\n\r\n';

/** The length of a response of this server: all are alike. */
function lengthOf(text: string): number | undefined {
  const headEnd = text.indexOf(HEAD_END);
  if (headEnd === -1) return undefined;
  const body = /content-length: (\d+)/i.exec(text.slice(0, headEnd))?.[1];
  if (body === undefined || !text.startsWith('HTTP/1.1 200'))
    throw new Error(`cannot read the response: ${text.slice(0, headEnd)}`);
  return headEnd + HEAD_END.length + Number(body);
}

/** One connection, until `next` says that there is no request left. */
function ask(port: number, next: () => boolean, done: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket: Socket = connect(port, '127.0.0.1');
    const request = `GET /things/42 HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`;
    const send = (): void => {
      if (next()) socket.write(request);
      else socket.end();
    };
    let pending = '';
    socket.setNoDelay(true);
    socket.on('connect', send);
    socket.on('data', (chunk) => {
      pending += chunk.toString('latin1');
      const length = lengthOf(pending);
      if (length === undefined || pending.length < length) return;
      pending = pending.slice(length);
      done();
      send();
    });
    socket.on('error', reject);
    socket.on('close', () => resolve());
  });
}

process.on('message', async ({ port, requests, connections }: LoadOrder) => {
  let [asked, answered] = [0, 0];
  const next = (): boolean => asked++ < requests;
  const done = (): void => void (answered += 1);
  await Promise.all(Array.from({ length: connections }, () => ask(port, next, done)));
  process.send!({ answered } satisfies LoadAnswer);
});
