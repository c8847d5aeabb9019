import { constants } from 'node:fs';
import { open, realpath, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../pipeline/clock.ts';
import type { Ledger } from '../../pipeline/ledger.ts';
import { countsOf, readState, stateText, withinScopes } from '../../pipeline/ledger-state.ts';
import { LIMITS } from '../../pipeline/limits.ts';
import type { Log } from '../../pipeline/log.ts';
import { makePrivateFolder } from '../../pipeline/private-folder.ts';
import { takeLock, type StateLock } from './state-lock.ts';

/** Under `storage.directory`. */
const FOLDER = 'ledger';
const STATE = 'state.json';
const DRAFT = 'state.json.tmp';
/** What could not be read; one of them, the last. */
const ASIDE = 'state.unreadable.json';
// Absent on Windows.
const NO_LINK = constants.O_NOFOLLOW ?? 0;

export interface KeptLedgerOptions {
  /** `storage.directory`. */
  readonly directory: string;
  /** Scopes of the configuration. */
  readonly known: readonly string[];
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Keeps a ledger over restarts, in one file that is replaced whole: every few seconds while something is counted, and
 * at the end. One process keeps it; whatever goes wrong is told, and the collector runs on.
 */
export class KeptLedger {
  readonly #ledger: Ledger;
  readonly #folder: string;
  readonly #lock: StateLock;
  readonly #options: KeptLedgerOptions;
  /** Counters of the last write. */
  #written = '';
  #writing: Promise<void> = Promise.resolve();
  #cancel: (() => void) | undefined;
  #closed: Promise<void> | undefined;
  #lost = false;

  private constructor(ledger: Ledger, folder: string, lock: StateLock, options: KeptLedgerOptions) {
    this.#ledger = ledger;
    this.#folder = folder;
    this.#lock = lock;
    this.#options = options;
  }

  /** Restores into `ledger`, which nobody counts in yet, and keeps it from then on. Undefined when that cannot be: the log
   *  has said why. Never rejects. */
  static async open(ledger: Ledger, options: KeptLedgerOptions): Promise<KeptLedger | undefined> {
    const { directory, log } = options;
    let folder = join(directory, FOLDER);
    let lock: StateLock | undefined;
    try {
      await makePrivateFolder(folder);
      folder = await realpath(folder);
      lock = await takeLock(folder);
      if (lock.holder !== undefined) {
        log.warn(`cannot keep the ledger in ${folder}: process ${lock.holder} keeps its own there; this one is not kept`);
        return undefined;
      }
      await restore(ledger, folder, options);
    } catch (error) {
      await lock?.release();
      log.warn(`cannot keep the ledger in ${folder}: ${causeOf(error)}; it begins and ends with this process`);
      return undefined;
    }
    const kept = new KeptLedger(ledger, folder, lock, options);
    // From here on an end that writes nothing is a crash.
    await kept.#write(false);
    kept.#arm();
    return kept;
  }

  /** The last write, when all has stopped; gives the file to the next process. Safe twice. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#cancel?.();
    const { clock, log } = this.#options;
    const done = this.#writing
      .then(() => this.#write(this.#ledger.snapshot().exporters.every(({ inFlight }) => inFlight === 0)))
      .then(() => this.#lock.release());
    let cancel = (): void => {};
    const late = new Promise<'late'>((resolve) => (cancel = clock.after(LIMITS.ledgerCloseMs, () => resolve('late'))));
    // A clock keeps no process alive; a disk that hangs does.
    const result = await Promise.race([done, late]);
    cancel();
    if (result === 'late') log.warn(`cannot keep the ledger in ${this.#folder}: the disk does not answer`);
  }

  #arm(): void {
    this.#cancel = this.#options.clock.after(LIMITS.ledgerWriteIntervalMs, () => {
      this.#writing = this.#write(undefined).then(() => {
        if (this.#closed === undefined) this.#arm();
      });
    });
  }

  /** `clean` undefined = in passing: only when something has been counted. */
  async #write(clean: boolean | undefined): Promise<void> {
    const { clock, log } = this.#options;
    const counts = countsOf(this.#ledger);
    if (this.#lost || (clean === undefined && counts === this.#written)) return;
    try {
      if (!(await this.#lock.isOurs())) {
        this.#lost = true;
        log.warn(`cannot keep the ledger in ${this.#folder} any longer: another process has taken the folder`);
        return;
      }
      await this.#replace(stateText(counts, clean === true, clock.now()));
      this.#written = counts;
    } catch (error) {
      log.limited('ledger', `cannot keep the ledger in ${this.#folder}: ${causeOf(error)}; it is tried again`);
    }
  }

  async #replace(text: string): Promise<void> {
    const bytes = Buffer.from(text);
    if (bytes.length > LIMITS.ledgerFileBytes)
      throw new Error(`it has ${bytes.length} bytes, ${LIMITS.ledgerFileBytes} are kept`);
    const draft = join(this.#folder, DRAFT);
    await rm(draft, { force: true });
    const file = await open(draft, 'wx', 0o600);
    try {
      await file.writeFile(bytes);
      await file.datasync();
    } finally {
      await file.close();
    }
    await rename(draft, join(this.#folder, STATE));
  }
}

async function restore(ledger: Ledger, folder: string, { known, log }: KeptLedgerOptions): Promise<void> {
  const path = join(folder, STATE);
  const text = await read(path);
  if (text === undefined) return;
  const found = readState(text);
  if (found === undefined) {
    const aside = join(folder, ASIDE);
    await rename(path, aside);
    log.warn(
      `cannot read the ledger in ${path}: it is damaged or of another version; it is ${aside} now, and counting begins at 0`,
    );
    return;
  }
  const { state, letGo } = withinScopes(found, known);
  if (letGo > 0) log.warn(`cannot keep the ledger of ${letGo} scopes: there are more than ${LIMITS.scopes}`);
  const lost = ledger.restore(state.ledger);
  ledger.traffic.restore(state.traffic);
  if (state.clean) return;
  log.warn(
    `the process before this one did not end by itself: ${lost} items that were in flight at ${state.writtenAt} count as dropped(crash); what came in after that is not in the ledger`,
  );
}

/** '' for one that is too large; undefined when there is none. Rejects with the system's error. */
async function read(path: string): Promise<string | undefined> {
  try {
    const file = await open(path, constants.O_RDONLY | NO_LINK);
    try {
      const { size } = await file.stat();
      return size > LIMITS.ledgerFileBytes ? '' : await file.readFile('utf8');
    } finally {
      await file.close();
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function causeOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
