import type { OpenInstance } from '../../analytics/instance.ts';
import type { TrimBounds, Window } from '../../analytics/scope-store.ts';

/**
 * A window that keeps what each request was, not what is in it: `requests(signal, bytes, text)`. For tests of what is
 * around windows; `faults` makes its next steps fail.
 */
export interface PlainWindow extends Window {
  readonly faults: { append?: Error | undefined; flush?: Error | undefined };
  readonly trims: TrimBounds[];
  flushes: number;
  /** Set = a flush waits for it. */
  gate: Promise<void> | undefined;
  closed: boolean;
}

export async function plainWindow({ instance }: OpenInstance): Promise<PlainWindow> {
  const connection = await instance.connect();
  await connection.run('CREATE TABLE base_requests (signal VARCHAR, bytes INTEGER, text VARCHAR)');
  await connection.run('CREATE VIEW requests AS SELECT * FROM base_requests');
  let pending: [string, number, string][] = [];
  let rows = 0;
  let bytes = 0;
  let loads = 0;
  const window: PlainWindow = {
    faults: {},
    trims: [],
    flushes: 0,
    gate: undefined,
    closed: false,
    append(signal, request) {
      if (window.faults.append !== undefined) throw window.faults.append;
      pending.push([signal, request.length, Buffer.from(request.subarray(0, 100)).toString()]);
      return request.length === 0 ? { rows: 0, fault: 'it is empty' } : { rows: 1, fault: '' };
    },
    async flush() {
      window.flushes += 1;
      await window.gate;
      const loading = pending;
      pending = [];
      const { flush } = window.faults;
      window.faults.flush = undefined;
      if (flush !== undefined) throw flush;
      for (const row of loading) await connection.run('INSERT INTO base_requests VALUES ($1, $2, $3)', row);
      rows += loading.length;
      if (loading.length > 0) loads += 1;
      for (const [, length] of loading) bytes += length;
    },
    versions: () => new Map([['requests', loads]]),
    usage: () => ({ rows: rows + pending.length, bytes, oldestMs: 0 }),
    async trim(_nowMs, bounds) {
      window.trims.push(bounds);
      if (rows <= bounds.maxRows && bytes <= bounds.maxBytes) return 0;
      const dropped = rows;
      await connection.run('DELETE FROM base_requests');
      rows = 0;
      bytes = 0;
      return dropped;
    },
    async close() {
      window.closed = true;
      connection.closeSync();
    },
  };
  return window;
}
