import { totalmem } from 'node:os';
import v8 from 'node:v8';
import vm from 'node:vm';
import { processMemory } from '../../pipeline/process-memory.ts';

export interface MemoryUsage {
  /** What the system sees. */
  readonly rssBytes: number;
  /** Heap, buffers and what the program itself takes. The rest of `rssBytes` is free, and kept by the allocator. */
  readonly liveBytes: number;
}

/** The memory of a process as the limiter sees it, so that tests can tell it what to see. */
export interface Memory {
  usage(): MemoryUsage;
  /** A full garbage collection, where the runtime offers one. */
  readonly collect: (() => void) | undefined;
  /** Most that this process may have: its container's limit, or the machine's memory. */
  readonly availableBytes: number;
}

export class ProcessMemory implements Memory {
  readonly availableBytes = availableBytes();
  readonly collect = collector();
  /** Code and native state: what is there before any data is. */
  readonly #nativeBytes: number;

  constructor() {
    const { rss, heapTotal, external } = processMemory();
    this.#nativeBytes = Math.max(0, rss - heapTotal - external);
  }

  usage(): MemoryUsage {
    // `external` has the buffers in it, and the memory of WebAssembly besides, which the walk uses.
    const { rss, heapTotal, external } = processMemory();
    return { rssBytes: rss, liveBytes: Math.min(rss, this.#nativeBytes + heapTotal + external) };
  }
}

function availableBytes(): number {
  const machine = totalmem();
  // 0, or more than there is, where no container limits it.
  const container = process.constrainedMemory?.() ?? 0;
  return container > 0 && container < machine ? container : machine;
}

type Collect = (options?: { readonly type: 'minor' }) => void;

/** V8 counts buffers towards its next collection late; under pressure it has to be told. Their memory is given back by
 *  another thread, and what it gave back is counted when the next collection begins: so a minor one (0.5 ms) follows. */
function collector(): (() => void) | undefined {
  const collect = globalThis.gc ?? exposedCollect();
  if (collect === undefined) return undefined;
  return () => {
    (collect as Collect)();
    (collect as Collect)({ type: 'minor' });
  };
}

function exposedCollect(): Collect | undefined {
  try {
    v8.setFlagsFromString('--expose-gc');
    const collect: unknown = vm.runInNewContext('gc');
    return typeof collect === 'function' ? (collect as Collect) : undefined;
  } catch {
    return undefined;
  }
}
