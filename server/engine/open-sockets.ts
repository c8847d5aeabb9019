import { setTimeout as sleep } from 'node:timers/promises';
import { LIMITS } from '../../pipeline/limits.ts';
import type { ServerSocket } from '../../pipeline/web-socket.ts';

/** RFC 6455 registry: the service is restarted, or stops; the client may come again. */
const SERVICE_RESTART = 1012;

/** The WebSockets of one listener: they end with it, whoever they belong to. */
export class OpenSockets {
  readonly #open = new Set<ServerSocket>();
  #emptied: (() => void) | undefined;

  get count(): number {
    return this.#open.size;
  }

  add(socket: ServerSocket): void {
    this.#open.add(socket);
  }

  delete(socket: ServerSocket): void {
    this.#open.delete(socket);
    if (this.#open.size === 0) this.#emptied?.();
  }

  /** Says goodbye to all, and cuts at the deadline those that do not answer. */
  async close(deadlineMs: number): Promise<void> {
    for (const socket of this.#open) socket.close(SERVICE_RESTART, 'the collector stops');
    if (this.#open.size === 0) return;
    const emptied = new Promise<void>((resolve) => {
      this.#emptied = resolve;
    });
    await Promise.race([emptied, sleep(Math.min(deadlineMs, LIMITS.webSocketCloseMs), undefined, { ref: false })]);
    for (const socket of this.#open) socket.terminate();
  }
}
