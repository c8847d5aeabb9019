import { getHeapStatistics } from 'node:v8';
import { LIMITS } from '../../pipeline/limits.ts';

const MEGABYTE = 1024 * 1024;

/**
 * Tells when this thread's JavaScript heap stays over `maxMb`, once. V8 has a limit of its own, which ends a thread, but the
 * whole process where a built-in function (JSON.parse, a clone) takes more than 16 MB at once on its way over it: so that
 * is set far above, and this one is asked first. Keeps nothing alive. Returns what undoes it.
 */
export function watchHeap(maxMb: number, over: (usedMb: number) => void): () => void {
  let looksOver = 0;
  const timer = setInterval(() => {
    const usedMb = getHeapStatistics().used_heap_size / MEGABYTE;
    // What is garbage is gone a few looks later.
    looksOver = usedMb > maxMb ? looksOver + 1 : 0;
    if (looksOver < LIMITS.embeddedHeapLooks) return;
    clearInterval(timer);
    over(Math.round(usedMb));
  }, LIMITS.embeddedHeapLookMs);
  timer.unref();
  return () => clearInterval(timer);
}
