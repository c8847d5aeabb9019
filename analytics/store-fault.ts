import type { SqlFault } from '../pipeline/analytics.ts';

/** DuckDB's words, and the system's. */
const FULL = /No space left on device|ENOSPC|EDQUOT|Disk quota exceeded/;

/** Why a scope's windows cannot be opened or loaded, in words of ours: `doing` begins with "cannot". */
export function storeFault(doing: string, error: unknown): SqlFault {
  const text = error instanceof Error ? error.message : String(error);
  const isMemory = text.startsWith('Out of Memory');
  const cause = isMemory ? (text.split('\n', 1)[0] ?? '') : text;
  const code = isMemory ? 'MEMORY_LIMIT' : FULL.test(text) ? 'STORAGE_FULL' : 'INTERNAL';
  return { ok: false, code, message: `${doing}: ${cause}` };
}
