import { randomFillSync } from 'node:crypto';
import { LIMITS } from '../limits.ts';
import type { Signal } from '../signal.ts';
import {
  ATTRIBUTES,
  BLOCKS,
  COLUMNS,
  CONTEXTS,
  ENTRIES,
  HASH_KEYS,
  HASH_KEYS_BYTES,
  HEAP,
  HEAP_LENGTH,
  HEAP_MAX,
  INSTRUMENTATION_SCOPES,
  KEYS,
  METRICS,
  ORIGINS,
  RESOURCE_MESSAGES,
  RESOURCES,
  ROOM,
  ROWS,
  ROWS_MAX,
  SCOPE_MESSAGES,
  SERIES,
  SHAPE,
  SIGNAL_LOGS,
  SIGNAL_METRICS,
  SIGNAL_TRACES,
  SLOTS,
  STATE,
  STATE_BODY,
  STATE_DEPTH_MAX,
  STATE_EXPECTED,
  STATE_SCRATCH,
  STATE_SETS,
  TABLE_BYTES,
  TABLES,
  TEXTS,
  TOP,
} from './scan-cells.ts';
import { TABLE_SHAPES } from './scan-columns.ts';
import { SCAN_MODULE } from './scan.gen.ts';

const PAGE_BYTES = 65_536;
const FIRST_PAGES = 2;
const SIGNALS: Readonly<Record<Signal, number>> = { metrics: SIGNAL_METRICS, logs: SIGNAL_LOGS, traces: SIGNAL_TRACES };

/** The memory could not be had. A verdict beside those of scan-cells.ts. */
export const NO_MEMORY = 4;

/** Words at which address and size of a block stand that outlasts the rows. */
const DICTIONARY_BLOCKS: readonly number[] = [
  ...[TEXTS, SCOPE_MESSAGES, RESOURCE_MESSAGES, METRICS, ATTRIBUTES].flatMap((interner) =>
    [ENTRIES, SLOTS, KEYS].map((word) => interner / 4 + word),
  ),
  ...[RESOURCES, INSTRUMENTATION_SCOPES, ORIGINS, CONTEXTS, SERIES].flatMap((pairs) =>
    [ENTRIES, SLOTS].map((word) => pairs / 4 + word),
  ),
  ...[STATE_EXPECTED, STATE_SETS].map((word) => STATE / 4 + word),
];
const REQUEST_BLOCKS: readonly number[] = [STATE_BODY, STATE_SCRATCH].map((word) => STATE / 4 + word);

interface Exports {
  open(): void;
  allocate(bytes: number): number;
  bodyFor(bytes: number): number;
  run(bytes: number, signal: number): number;
}

/**
 * A scan of wasm/request.ts in a memory of its own, which holds its dictionaries, its columns and the request that is read:
 * the loops over bytes are compiled from AssemblyScript to WebAssembly (docs/decisions/0014 and 0031). All it knows is in
 * that memory, so it moves to a smaller one when the rows are gone that made it large.
 */
export class ScanMachine {
  /** The memory, byte by byte and word by word; others after it has grown. */
  bytes = new Uint8Array(0);
  words = new Uint32Array(0);
  readonly #signal: number;
  readonly #memoryBytes: number;
  #memory: WebAssembly.Memory;
  #exports: Exports;
  static #module: WebAssembly.Module | undefined;

  /** Its memory never grows past `memoryBytes`. */
  constructor(signal: Signal, memoryBytes: number = LIMITS.scanMemoryBytes) {
    this.#signal = SIGNALS[signal];
    this.#memoryBytes = memoryBytes;
    [this.#memory, this.#exports] = this.#instantiate();
    this.#begin();
  }

  /** Begins anew: no rows, nothing known. */
  forget(): void {
    [this.#memory, this.#exports] = this.#instantiate();
    this.#begin();
  }

  /** Reads a request; a verdict of scan-cells.ts or NO_MEMORY. Rows that it has added before it failed are still there. */
  run(request: Uint8Array): number {
    try {
      const at = this.#exports.bodyFor(request.length);
      this.#look();
      this.bytes.set(request, at);
      return this.#exports.run(request.length, this.#signal);
    } catch (error) {
      if (error instanceof WebAssembly.RuntimeError) return NO_MEMORY;
      throw error;
    } finally {
      this.#look();
    }
  }

  get memoryBytes(): number {
    return this.bytes.length;
  }

  /** What the dictionaries take of it. */
  get dictionaryBytes(): number {
    const { words } = this;
    return DICTIONARY_BLOCKS.reduce((bytes, block) => bytes + words[block + 1]!, 0);
  }

  /** Gives up what is not needed without rows, if it is much. */
  settle(): void {
    if (this.memoryBytes <= 1.5 * this.dictionaryBytes + LIMITS.scanKeptBytes) return;
    const { bytes, words } = this;
    [this.#memory, this.#exports] = this.#instantiate();
    this.#look();
    this.bytes.set(bytes.subarray(STATE, BLOCKS), STATE);
    this.words[TOP / 4] = BLOCKS;
    for (const block of REQUEST_BLOCKS) this.words.fill(0, block, block + 2);
    for (let table = 0; table < TABLE_SHAPES.length; table++) {
      const at = (TABLES + table * TABLE_BYTES) / 4;
      for (const word of [ROWS, ROOM, COLUMNS, COLUMNS + 1, HEAP, HEAP + 1, HEAP_LENGTH]) this.words[at + word] = 0;
    }
    for (const block of DICTIONARY_BLOCKS) {
      const from = words[block]!;
      const length = words[block + 1]!;
      const to = this.#exports.allocate(length);
      this.#look();
      this.bytes.set(bytes.subarray(from, from + length), to);
      this.words[block] = to;
    }
  }

  #instantiate(): [WebAssembly.Memory, Exports] {
    const module = (ScanMachine.#module ??= new WebAssembly.Module(Buffer.from(SCAN_MODULE, 'base64')));
    const memory = new WebAssembly.Memory({ initial: FIRST_PAGES, maximum: this.#memoryBytes / PAGE_BYTES });
    return [memory, new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as Exports];
  }

  #look(): void {
    const { buffer } = this.#memory;
    if (this.bytes.buffer === buffer) return;
    this.bytes = new Uint8Array(buffer);
    this.words = new Uint32Array(buffer);
  }

  #begin(): void {
    this.#look();
    const { bytes, words } = this;
    words[TOP / 4] = BLOCKS;
    randomFillSync(bytes, HASH_KEYS, HASH_KEYS_BYTES);
    // The number that joins the turns of the hash is odd.
    bytes[HASH_KEYS + HASH_KEYS_BYTES - 8]! |= 1;
    words[STATE / 4 + STATE_DEPTH_MAX] = LIMITS.valueDepth;
    for (const [table, shape] of TABLE_SHAPES.entries()) {
      const at = (TABLES + table * TABLE_BYTES) / 4;
      words[at + ROWS_MAX] = LIMITS.scanRows;
      words[at + HEAP_MAX] = LIMITS.scanHeapBytes;
      words.set(shape, at + SHAPE);
    }
    this.#exports.open();
    this.#look();
  }
}
