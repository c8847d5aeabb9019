import { type AddressInfo, createServer, type Socket } from 'node:net';

/** The bench asks once where it listens. */
export interface RefuserOrder {
  readonly type: 'open';
}
export interface RefuserAnswer {
  readonly port: number;
}

const ANSWER = 'HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n';
const HOLD_MIN_MS = 500;
const HOLD_MAX_MS = 1000;

/**
 * To a sender over its limit the same as a collector, and no work: each request is refused after as long as a collector
 * takes over it, its body unread meanwhile and thrown away then. What a sender costs by being on the machine is left.
 */
function refuse(socket: Socket): void {
  let head = '';
  let missing = 0;
  socket.on('error', () => {});
  socket.on('data', (chunk: Buffer) => {
    if (missing > 0) {
      missing -= chunk.length;
      return;
    }
    head += chunk.toString('latin1');
    const end = head.indexOf('\r\n\r\n');
    if (end < 0) return;
    const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
    missing = length - (head.length - end - 4);
    head = '';
    socket.pause();
    setTimeout(
      () => {
        if (!socket.destroyed) socket.write(ANSWER);
        socket.resume();
      },
      HOLD_MIN_MS + Math.random() * (HOLD_MAX_MS - HOLD_MIN_MS),
    );
  });
}

process.on('message', (_order: RefuserOrder) => {
  const server = createServer(refuse);
  server.listen(0, '127.0.0.1', () => process.send!({ port: (server.address() as AddressInfo).port } satisfies RefuserAnswer));
});
process.on('disconnect', () => process.exit(0));
