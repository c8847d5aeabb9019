import { getHeapStatistics } from 'node:v8';

/**
 * Bytes of this process's memory, as `process.memoryUsage` has them. That one opens a file for `rss` and throws where no
 * more can be opened, which anybody who opens connections can bring about: then `rss` is the most it ever was.
 */
export function processMemory(): Pick<NodeJS.MemoryUsage, 'rss' | 'heapTotal' | 'heapUsed' | 'external'> {
  try {
    return process.memoryUsage();
  } catch {
    const { total_heap_size: heapTotal, used_heap_size: heapUsed, external_memory: external } = getHeapStatistics();
    return { rss: process.resourceUsage().maxRSS * 1024, heapTotal, heapUsed, external };
  }
}
