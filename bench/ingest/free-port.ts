import { type AddressInfo, createServer } from 'node:net';

/** A port that was free a moment ago: for programs that cannot be asked which one they took, and for a listener that must
 *  come again at the same one. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
