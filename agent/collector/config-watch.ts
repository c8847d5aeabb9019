import { statSync } from 'node:fs';
import type { ConfigSource } from '../../config/sources.ts';

/**
 * Calls `changed` when a configuration file is another one than at the last look: written, replaced, or behind a link
 * that points elsewhere (as Kubernetes does it). Looks, because events are lost on network file systems and with
 * replaced files. A file that is gone for the moment is no change, and one that is still being written has to be the
 * same at two looks. Returns the end of it.
 */
export function watchConfig(sources: readonly ConfigSource[], everyMs: number, changed: () => void): () => void {
  const paths = sources.flatMap((source) => (source.kind === 'file' ? [source.path] : []));
  let known = paths.map(markOf).join('\n');
  let last = known;
  const timer = setInterval(() => {
    const marks = paths.map(markOf);
    if (marks.includes(undefined)) return;
    const now = marks.join('\n');
    const isNews = now === last && now !== known;
    last = now;
    if (!isNews) return;
    known = now;
    changed();
  }, everyMs);
  timer.unref();
  return () => clearInterval(timer);
}

function markOf(path: string): string | undefined {
  try {
    const { ino, size, mtimeMs } = statSync(path);
    return `${ino} ${size} ${mtimeMs}`;
  } catch {
    return undefined;
  }
}
