import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LedgerSnapshot } from '../../pipeline/ledger.ts';
import { readOwnerToken } from '../../server/auth/owner-token.ts';
import type { WatcherAnswer, WatcherOrder } from '../windows/watcher-process.ts';
import { LOAD_CORE, OrderedProcess } from './pinned.ts';
import type { RunningSystem } from './system.ts';

/** What a contender that is watched did besides forwarding. */
export interface WatchFigures {
  /** Items that SQL has, of the window alone. */
  readonly storedItems: number;
  /** Deltas that its watcher of the live stream had, of the whole run. */
  readonly deltas: number;
  /** Why the run does not count. */
  readonly fault?: string;
}

const SETTLE_MS = 20_000;
/** Where a collector without `storage.directory` keeps its state, beside its configuration. */
const STATE = '.periscope';

/** Of the collector that runs in that folder. */
export function ownerToken(folder: string): string {
  return readOwnerToken(join(folder, STATE));
}

export async function readLedger(apiPort: number, token: string): Promise<LedgerSnapshot> {
  const headers = { authorization: `Bearer ${token}` };
  const answer = await fetch(`http://127.0.0.1:${apiPort}/api/v1/ledger`, { headers });
  if (!answer.ok) throw new Error(`cannot read the ledger: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as LedgerSnapshot;
}

/** Somebody who watches a contender: one client of its live stream, and an eye on what its windows have stored. */
export class Watch {
  readonly #apiPort: number;
  readonly #token: string;
  readonly #client = new OrderedProcess<WatcherOrder, WatcherAnswer>(
    LOAD_CORE,
    new URL('../windows/watcher-process.js', import.meta.url),
  );
  #marks: number[] = [];

  private constructor(system: RunningSystem, folder: string) {
    this.#apiPort = system.apiPort;
    this.#token = ownerToken(folder);
  }

  static async open(system: RunningSystem, folder: string, scope: string): Promise<Watch> {
    const watch = new Watch(system, folder);
    const subscriptions = { m: { subscribe: 'metrics', limit: 50 } };
    const options = { apiPort: system.apiPort, token: watch.#token, scope, clients: 1, subscriptions };
    await watch.#client.ask({ type: 'open', options });
    return watch;
  }

  /** Begins the window, then ends it. */
  async mark(): Promise<void> {
    this.#marks.push((await this.#stored()).items);
  }

  /** Waits until the windows have all items that were accepted. */
  async report(acceptedItems: number): Promise<WatchFigures> {
    const from = performance.now();
    let stored = await this.#stored();
    while (stored.items < acceptedItems && stored.dropped === 0 && performance.now() - from < SETTLE_MS) {
      await sleep(100);
      stored = await this.#stored();
    }
    const answer = await this.#client.ask({ type: 'stop' });
    if (answer.type !== 'report') throw new Error('cannot read the watcher: it sent no report');
    const { deltas, errors } = answer.report;
    const [begin = 0, end = 0] = this.#marks;
    const fault =
      stored.items !== acceptedItems
        ? `${acceptedItems} items accepted, ${stored.items} stored, ${stored.dropped} dropped`
        : errors.length > 0 || deltas === 0
          ? `the live stream: ${deltas} deltas, ${errors.join('; ')}`
          : undefined;
    return { storedItems: end - begin, deltas, ...(fault === undefined ? {} : { fault }) };
  }

  end(): Promise<void> {
    return this.#client.end();
  }

  async #stored(): Promise<{ items: number; dropped: number }> {
    const rows = (await readLedger(this.#apiPort, this.#token)).exporters.filter(({ exporter }) => exporter === 'windows');
    return {
      items: rows.reduce((sum, { exported }) => sum + exported, 0),
      dropped: rows.reduce((sum, { dropped }) => sum + Object.values(dropped).reduce((all, count) => all + count, 0), 0),
    };
  }
}
