import type { SqlFault } from '../../pipeline/analytics.ts';
import type { ErrorCode } from '../../pipeline/errors.ts';

/** What DuckDB calls its errors, where we call them something else than a query that is wrong. */
const CODES: readonly (readonly [prefix: string, code: ErrorCode])[] = [
  ['Out of Memory Error', 'SQL_MEMORY'],
  ['Permission Error', 'SQL_FORBIDDEN'],
  ['TransactionContext Error', 'INTERNAL'],
  ['INTERNAL Error', 'INTERNAL'],
  ['FATAL Error', 'INTERNAL'],
];

/** Why a query was interrupted. */
export type Interruption = 'timeout' | 'cancelled' | 'memory';

/** An error of DuckDB as a fault. `reason`: why the query was interrupted, if it was. */
export function faultOf(
  error: unknown,
  reason: Interruption | undefined,
  query: { readonly timeoutMs: number },
  control: { broken(): void },
): SqlFault {
  const text = error instanceof Error ? error.message : String(error);
  const isInterrupt = /^INTERRUPT Error|Interrupted!/.test(text);
  if (isInterrupt && reason === 'timeout')
    return { ok: false, code: 'SQL_TIMEOUT', message: `cannot finish the query: it ran longer than ${query.timeoutMs} ms` };
  if (isInterrupt && reason === 'cancelled')
    return { ok: false, code: 'SQL_CANCELLED', message: 'cannot finish the query: who asked it has gone' };
  if (isInterrupt && reason === 'memory')
    return { ok: false, code: 'SQL_MEMORY', message: 'cannot finish the query: the analytics process runs out of memory' };
  if (/^FATAL Error|has been invalidated/.test(text)) control.broken();
  const code = CODES.find(([prefix]) => text.startsWith(prefix))?.[1] ?? 'SQL_INVALID';
  // What follows is advice on settings that nobody can change here.
  const told = code === 'SQL_MEMORY' ? text.split('\n', 1)[0] : text;
  return { ok: false, code, message: `cannot run the query: ${told}` };
}
