import { statSync } from 'node:fs';

/** Names one state of a file: another stamp means that it has changed; '' that it is not there. */
export function stampOf(path: string): string {
  try {
    const { mtimeMs, size, ino } = statSync(path);
    return `${mtimeMs}:${size}:${ino}`;
  } catch {
    return '';
  }
}
