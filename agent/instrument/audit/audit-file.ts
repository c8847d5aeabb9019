import { createHash } from 'node:crypto';
import { appendFileSync, closeSync, fstatSync, openSync, readSync } from 'node:fs';

export type AuditEvent = 'AGENT_STARTED' | 'AGENT_REFUSED' | 'AGENT_STOPPED' | 'PROVIDER_FOREIGN' | 'SCOPE_VIOLATION';

/** Of the end of a file, to find its last line. */
const TAIL_BYTES = 64 * 1024;
const FIRST = '0'.repeat(64);

/**
 * What the agent did in this process, a line of JSON each, in a file for its owner only. Each line has the hash of the one
 * before it in its own (SHA-256 over the line without `hash`): one that is changed or taken out shows. Several processes need a
 * file each. Never throws: what cannot be written is told once.
 */
export class AuditFile {
  readonly #path: string;
  readonly #tell: (line: string) => void;
  readonly #now: () => number;
  #previous: string | undefined;
  #failed = false;

  /** `now`: ms since 1970. */
  constructor(path: string, tell: (line: string) => void, now: () => number = Date.now) {
    this.#path = path;
    this.#tell = tell;
    this.#now = now;
  }

  record(event: AuditEvent, detail: Readonly<Record<string, string | number | readonly string[] | undefined>>): void {
    try {
      this.#previous ??= lastHash(this.#path);
      const entry = { time: new Date(this.#now()).toISOString(), event, pid: process.pid, ...detail, previous: this.#previous };
      const hash = hashOf(JSON.stringify(entry));
      appendFileSync(this.#path, `${JSON.stringify({ ...entry, hash })}\n`, { mode: 0o600 });
      this.#previous = hash;
    } catch (error) {
      if (!this.#failed) this.#tell(`cannot write the audit log ${this.#path}: ${messageOf(error)}`);
      this.#failed = true;
    }
  }
}

/** Where a chain breaks: the number of its first bad line, from 1; undefined when it is whole. */
export function brokenLine(text: string): number | undefined {
  let previous = FIRST;
  for (const [index, line] of text.split('\n').entries()) {
    if (line === '') continue;
    const entry = parsed(line);
    if (entry === undefined) return index + 1;
    const { hash, ...rest } = entry;
    if (rest['previous'] !== previous || hash !== hashOf(JSON.stringify(rest))) return index + 1;
    previous = hash;
  }
  return undefined;
}

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex');

function lastHash(path: string): string {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return FIRST;
    throw error;
  }
  try {
    const { size } = fstatSync(file);
    const tail = Buffer.alloc(Math.min(size, TAIL_BYTES));
    readSync(file, tail, 0, tail.length, size - tail.length);
    const hash = parsed(tail.toString('utf8').trimEnd().split('\n').at(-1) ?? '')?.['hash'];
    // After a line that was cut off a chain begins anew, and a check says where.
    return typeof hash === 'string' ? hash : FIRST;
  } finally {
    closeSync(file);
  }
}

function parsed(line: string): (Record<string, unknown> & { readonly hash?: string }) | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
