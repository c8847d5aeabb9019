import { nodeFs } from '../builtins.ts';
import { IS_BUN } from '../instrumentations/bun.ts';
import { EXPORT_LIMITS } from '../limits.ts';

/**
 * Whether another thread has room in the addresses that this process may use (`ulimit -v`). V8 reserves those of a whole heap
 * when a thread starts, and where it cannot it throws nothing: it ends the process.
 * Bun's engine reserves none.
 */
export function hasRoomForThread(readFile: (path: string) => string = (path) => nodeFs.readFileSync(path, 'latin1')): boolean {
  if (IS_BUN) return true;
  const numberIn = (name: string, pattern: RegExp): number => Number(pattern.exec(readFile(`/proc/self/${name}`))?.[1]);
  try {
    const left = numberIn('limits', /^Max address space +(\d+)/m) - numberIn('status', /^VmSize:\s+(\d+)/m) * 1024;
    // Where there is no limit this is no number.
    return !(left < EXPORT_LIMITS.threadAddressBytes);
  } catch {
    // Another system.
    return true;
  }
}
