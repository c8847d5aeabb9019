import { readFileSync } from 'node:fs';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { encode, numbered } from '../support/build.ts';
import { Collector, GRPC_RECEIVER, yamlOf } from '../support/collector.ts';
import { GrpcPeer } from '../support/grpc-peer.ts';
import { engines } from '../support/http-engines.ts';

/** The default of `max_connections` is ten times as many; IDLE_CONNECTIONS=10000 tries that, with `ulimit -n` above it. */
const LIMIT = Number(process.env['IDLE_CONNECTIONS'] ?? 1000);
/** Over the limit, more than are refused in words. */
const OVER = 400;
const MIB = 1024 * 1024;
/** Of a connection that says nothing, generously. */
const BYTES_EACH = 64 * 1024;
const FREE_MS = 20_000;
const METHOD = '/opentelemetry.proto.collector.logs.v1.LogsService/Export';
const body = encode('logs', numbered('logs', 10));

/** How many files this process may have open, as the kernel says; what is inherited holds for the collector, too. */
const openFiles = (): number => Number(/^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1] ?? 0);
const canHold = process.platform === 'linux' && openFiles() > LIMIT + OVER + 200;

const residentBytes = (pid: number): number =>
  1024 * Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);

/** Connections that say nothing, in turns, so that the listener's backlog takes them. */
async function hold(url: string, count: number, sockets: Set<Socket>): Promise<void> {
  const { hostname, port } = new URL(url);
  for (let left = count; left > 0; left -= 100) {
    await Promise.all(
      Array.from({ length: Math.min(100, left) }, async () => {
        const socket = connect(Number(port), hostname);
        sockets.add(socket);
        socket.on('error', () => undefined);
        socket.on('close', () => sockets.delete(socket));
        await Promise.race([once(socket, 'connect'), once(socket, 'close')]);
        socket.resume();
      }),
    );
  }
}

describe(`${LIMIT} connections that say nothing`, () => {
  const yaml = yamlOf({
    exporters: '  debug: { verbosity: basic }\n',
    receiver: `        max_connections: ${LIMIT}\n        read_header_timeout: ${FREE_MS}ms\n${GRPC_RECEIVER}        max_connections: ${LIMIT}\n`,
  });

  for (const engine of engines) {
    it.skipIf(!canHold)(
      `HTTP (${engine}): memory is bounded, whoever came before goes on, and one more ${engine === 'uws' ? 'gets through' : 'is refused'}`,
      { timeout: 120_000 },
      async () => {
        await using collector = await Collector.start(yaml, { env: { PERISCOPE_HTTP_ENGINE: engine } });
        const url = collector.url();
        const sockets = new Set<Socket>();
        try {
          const { hostname, port } = new URL(url);
          const honest = connect(Number(port), hostname);
          await once(honest, 'connect');
          let said = '';
          honest.on('data', (chunk: Buffer) => (said += chunk.toString('latin1')));
          const ask = async (): Promise<void> => {
            said = '';
            const head = `POST /v1/logs HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\nContent-Length: ${body.length}\r\n\r\n`;
            honest.write(Buffer.concat([Buffer.from(head), body]));
            while (!said.includes('\r\n\r\n')) await sleep(2);
            expect(said).toMatch(/^HTTP\/1.1 200 /);
          };
          await ask();
          const before = residentBytes(collector.pid);
          await hold(url, LIMIT + OVER, sockets);
          await ask();
          expect(residentBytes(collector.pid) - before).toBeLessThan(40 * MIB + (LIMIT + OVER) * BYTES_EACH);
          // uWebSockets counts those with a request under way, and ends idle ones after ten seconds.
          const late = await collector.send('/v1/logs', body).catch(() => undefined);
          expect(engine === 'uws' ? [200] : [undefined, 503]).toContain(late?.status);
          // Other listeners are not concerned.
          const received = engine === 'uws' ? 30 : 20;
          expect((await collector.ledger()).receivers).toMatchObject([{ received, accepted: received }]);
          for (const socket of sockets) socket.destroy();
          while ((await collector.send('/v1/logs', body).catch(() => undefined))?.status !== 200) await sleep(20);
          honest.destroy();
        } finally {
          for (const socket of sockets) socket.destroy();
        }
        expect(await collector.stop()).toEqual({ code: 0, signal: null });
      },
    );
  }

  it.skipIf(!canHold)(
    'gRPC: at the limit one more is closed, memory is bounded, and whoever came before goes on',
    { timeout: 120_000 },
    async () => {
      await using collector = await Collector.start(yaml);
      const sockets = new Set<Socket>();
      const honest = new GrpcPeer(collector.grpcUrl);
      const late = new GrpcPeer(collector.grpcUrl);
      try {
        expect(await honest.call(METHOD, body)).toMatchObject({ code: 0 });
        const before = residentBytes(collector.pid);
        await hold(collector.grpcUrl, LIMIT + OVER, sockets);
        while (sockets.size > LIMIT - 1) await sleep(5);
        expect(await honest.call(METHOD, body)).toMatchObject({ code: 0 });
        expect(residentBytes(collector.pid) - before).toBeLessThan(40 * MIB + (LIMIT + OVER) * BYTES_EACH);
        expect((await late.call(METHOD, body, { deadlineMs: 500 })).code).not.toBe(0);
        for (const socket of sockets) socket.destroy();
        while ((await late.call(METHOD, body, { deadlineMs: 500 })).code !== 0) await sleep(20);
      } finally {
        honest.close();
        late.close();
        for (const socket of sockets) socket.destroy();
      }
      expect(await collector.stop()).toEqual({ code: 0, signal: null });
    },
  );
});
