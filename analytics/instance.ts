import { readdirSync, readlinkSync, realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';

export interface InstanceOptions {
  /** Absent: in memory. The folder it stands in exists. */
  readonly path?: string;
  /** The only ones whose files its SQL may read or write; none = no file at all. */
  readonly folders?: readonly string[];
  readonly memoryBytes: number;
  readonly threads: number;
}

export interface OpenInstance {
  readonly instance: DuckDBInstance;
  readonly isOnDisk: boolean;
  /** Has DuckDB forget what queries have let go of: some tens of milliseconds in a thread of its own. Never rejects. */
  sweep(): Promise<void>;
  /** Safe twice. */
  close(): void;
}

/** Of a file that was closed, but that DuckDB still holds, as it does for what failed: only the process's end helps. */
export class StillHeld extends Error {}

/** Files that are open in this process. DuckDB refuses a second process, and lets a second instance destroy the file. */
const openFiles = new Set<string>();

/**
 * The only place that makes a DuckDB instance. It reaches no network, no extension and no file outside `folders`, does
 * not spill to a disk, tells times in UTC, and its settings are locked: no SQL changes them, but for the memory limit.
 */
export async function openInstance(options: InstanceOptions): Promise<OpenInstance> {
  const { path, folders = [] } = options;
  const file = path === undefined ? undefined : join(realpathSync(dirname(path)), basename(path));
  if (file !== undefined && openFiles.has(file)) throw new Error(`BUG: ${file} is opened a second time`);
  if (file !== undefined && isHeld(file)) throw new StillHeld(`cannot open ${file}: this process has not let go of it`);
  if (file !== undefined) openFiles.add(file);
  let instance: DuckDBInstance | undefined;
  let isOpen = true;
  const close = (): void => {
    if (!isOpen) return;
    isOpen = false;
    instance?.closeSync();
    if (file !== undefined) openFiles.delete(file);
  };
  try {
    instance = await DuckDBInstance.create(file ?? ':memory:', settingsAtOpen(options));
    const connection = await instance.connect();
    try {
      for (const statement of settingsAfter(file, folders)) await connection.run(statement);
    } finally {
      connection.closeSync();
    }
    const swept = instance;
    const { memoryBytes } = options;
    return {
      instance,
      isOnDisk: file !== undefined,
      sweep: () => (isOpen ? sweep(swept, memoryBytes) : Promise.resolve()),
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
}

/** Known on Linux only. */
function isHeld(file: string): boolean {
  try {
    return readdirSync('/proc/self/fd').some((fd) => linkOf(`/proc/self/fd/${fd}`) === file);
  } catch {
    return false;
  }
}

function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

const limitText = (bytes: number): string => `${Math.floor(bytes / 1024)}KiB`;

/** Numbers of 8 bytes: more than DuckDB's own account may be wrong by, 32 KiB in each of 64 counters. */
const HELD_ROWS = 400_000;

/**
 * DuckDB remembers each buffer that a query let go of, 4 kB for a small join and 20 to 50 kB for one over a full window, in
 * queues that it looks through when one has 32,768 of them, or when memory is short. So it is asked for a memory limit that
 * it cannot keep, for the table here cannot leave memory: it looks through all of them, and refuses before the limit has
 * changed (BufferPool::SetLimit; docs/decisions/0041). Its answer to who asks for the setting has, and is set back.
 */
async function sweep(instance: DuckDBInstance, memoryBytes: number): Promise<void> {
  let connection: DuckDBConnection | undefined;
  try {
    connection = await instance.connect();
    await connection.run(`CREATE TEMP TABLE held AS SELECT range AS number FROM range(${HELD_ROWS})`);
    await connection.run("SET memory_limit = '1KiB'").catch(() => undefined);
    await connection.run(`SET memory_limit = '${limitText(memoryBytes)}'`);
  } catch {
    // No memory for that: then DuckDB looks through them by itself.
  } finally {
    connection?.closeSync();
  }
}

function settingsAtOpen({ path, memoryBytes, threads }: InstanceOptions): Record<string, string> {
  return {
    memory_limit: limitText(memoryBytes),
    threads: String(threads),
    temp_directory: '',
    max_temp_directory_size: '0KiB',
    // In memory it serves compression only: windows ask for it, while a load that came across it would block for 100 ms.
    ...(path === undefined ? { checkpoint_threshold: '1TiB' } : {}),
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    allow_community_extensions: 'false',
    allow_unsigned_extensions: 'false',
    allow_persistent_secrets: 'false',
    // Nobody's home: what a setting tells of this machine is nothing.
    home_directory: '/nonexistent',
    extension_directory: '/nonexistent',
    secret_directory: '/nonexistent',
  };
}

/** In their order: the lists cannot be changed once external access is off, nor anything behind the lock. */
function settingsAfter(file: string | undefined, folders: readonly string[]): string[] {
  const list = folders.map((folder) => `'${folder.replaceAll("'", "''")}'`).join(', ');
  return [
    "SET TimeZone = 'UTC'",
    // For `sweep`.
    "SET allowed_configs = ['memory_limit']",
    `SET allowed_directories = [${list}]`,
    'SET enable_external_access = false',
    ...(file === undefined && folders.length === 0 ? ["SET disabled_filesystems = 'LocalFileSystem'"] : []),
    'SET lock_configuration = true',
  ];
}
