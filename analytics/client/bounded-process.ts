import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import type { WindowBounds } from '../../pipeline/analytics.ts';
import { LIMITS } from '../../pipeline/limits.ts';

/** How a program of Node is started. */
export interface Launch {
  /** What `fork` takes. */
  readonly how: { readonly execPath?: string; readonly execArgv: string[] };
  readonly env: NodeJS.ProcessEnv;
  /** Undefined: nothing ends its memory. */
  readonly dataBytes?: number;
}

const SHELL = '/bin/sh';
const MEBIBYTE = 1024 * 1024;
/** That of a thread, which counts as data though hardly any of it is used. */
const STACK_BYTES = 8 * MEBIBYTE;
/** As little as the configuration may ask for. */
const LEAST_BYTES = 64 * MEBIBYTE;
/**
 * DuckDB's allocator (jemalloc) would keep the address space that it has been given, used or not, and pages until somebody
 * allocates where they were: a query that met the end would leave nothing to others. What is large goes back at once.
 * Not all: without any delay queries take twice the CPU.
 */
const ALLOCATOR = 'retain:false,oversize_threshold:4194304,dirty_decay_ms:200,muzzy_decay_ms:0';

/**
 * Memory that the process may have, in bytes, as Linux counts RLIMIT_DATA: what it may write to, used or not. Above all
 * that its windows, its queries, its own objects and the threads of every scope's database come to.
 */
export function dataLimitBytes({ memoryBytes, maxScopes }: WindowBounds): number {
  const threads = Math.min(LIMITS.duckdbThreads, availableParallelism());
  return memoryBytes + LIMITS.analyticsDataSlackBytes + maxScopes * Math.max(0, threads - 1) * STACK_BYTES;
}

/**
 * Starts with an end to its memory, where there is a way to set one. Then a value of gigabytes that one call of a function
 * makes, which DuckDB's own limit does not count, is an error of that query; without it the process would have to be killed.
 */
export function boundedLaunch(bounds: WindowBounds, runtime: string = process.execPath): Launch {
  if (process.platform !== 'linux' || !existsSync(SHELL)) return { how: { execPath: runtime, execArgv: [] }, env: {} };
  const dataBytes = dataLimitBytes(bounds);
  // `fork` puts the program behind these. A limit that is lower already stays.
  const execArgv = ['-c', `ulimit -d ${Math.ceil(dataBytes / 1024)} 2>/dev/null; exec "$0" "$@"`, runtime];
  return {
    how: { execPath: SHELL, execArgv },
    env: { DUCKDB_JE_MALLOC_CONF: ALLOCATOR },
    dataBytes,
  };
}

/** What a process that runs may be told: its end stays where it was set, so more of either takes from its memory. */
export function withinLimit(bounds: WindowBounds, dataBytes: number | undefined): WindowBounds {
  const excess = dataBytes === undefined ? 0 : dataLimitBytes(bounds) - dataBytes;
  return excess <= 0 ? bounds : { ...bounds, memoryBytes: Math.max(LEAST_BYTES, bounds.memoryBytes - excess) };
}
