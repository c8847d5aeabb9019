import { signal } from '@preact/signals';

/** What came instead of an answer. `status` 0: nobody answered. */
export interface Fault {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly retryAfterMs?: number;
}
export type Answer<Value> = { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly fault: Fault };

export interface Column {
  readonly name: string;
  readonly type: string;
}
export type Cell = string | number | boolean | null | readonly unknown[] | { readonly [key: string]: unknown };
export interface Rows {
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly Cell[])[];
  readonly row_count: number;
  readonly elapsed_ms: number;
  readonly truncated: { readonly by: 'rows' | 'bytes'; readonly limit: number } | null;
  readonly scope: string;
}

/** Whether the collector answers, whoever asked last. */
export const reachable = signal<'yes' | 'no' | 'unknown'>('unknown');
/** The browser has no session, or it has ended. */
export const signedOut = signal(false);
/** Whose data is shown; '' until the scopes are known. */
export const scope = signal('');

const GIVE_UP_MS = 20_000;

/** Asks the API. Never rejects: what goes wrong is a value, and an abort is a fault with the code ABORTED. */
export async function ask(path: string, init: RequestInit = {}, signalOf?: AbortSignal): Promise<Answer<Response>> {
  const headers = new Headers(init.headers);
  if (scope.peek() !== '') headers.set('X-Dashboard-Scope', scope.peek());
  const timeout = AbortSignal.timeout(GIVE_UP_MS);
  try {
    const response = await fetch(path, {
      ...init,
      headers,
      credentials: 'same-origin',
      signal: signalOf === undefined ? timeout : AbortSignal.any([signalOf, timeout]),
    });
    reachable.value = 'yes';
    if (response.ok) return { ok: true, value: response };
    if (response.status === 401) signedOut.value = true;
    return { ok: false, fault: await faultOf(response) };
  } catch (error) {
    if (signalOf?.aborted === true) return { ok: false, fault: { status: 0, code: 'ABORTED', message: 'cancelled' } };
    reachable.value = 'no';
    const cause = timeout.aborted ? `no answer in ${GIVE_UP_MS / 1000} s` : String((error as Error).message);
    return { ok: false, fault: { status: 0, code: 'UNREACHABLE', message: `cannot reach the collector: ${cause}` } };
  }
}

async function faultOf(response: Response): Promise<Fault> {
  const body = (await response.json().catch(() => ({}))) as { code?: unknown; detail?: unknown };
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
  return {
    status: response.status,
    code: typeof body.code === 'string' ? body.code : `HTTP_${response.status}`,
    message: typeof body.detail === 'string' ? body.detail : `the collector answered ${response.status}`,
    ...(Number.isFinite(seconds) ? { retryAfterMs: seconds * 1000 } : {}),
  };
}

async function askJson<Value>(path: string, init: RequestInit, signalOf?: AbortSignal): Promise<Answer<Value>> {
  const answer = await ask(path, init, signalOf);
  if (!answer.ok) return answer;
  try {
    return { ok: true, value: (await answer.value.json()) as Value };
  } catch (error) {
    if (signalOf?.aborted === true) return { ok: false, fault: { status: 0, code: 'ABORTED', message: 'cancelled' } };
    const message = `cannot read the answer: ${(error as Error).message}`;
    return { ok: false, fault: { status: 0, code: 'UNREACHABLE', message } };
  }
}

export const getJson = <Value>(path: string, signalOf?: AbortSignal): Promise<Answer<Value>> =>
  askJson<Value>(path, {}, signalOf);

/** `rows`: at most so many; absent = as many as the API gives unasked. */
export const sqlRequest = (sql: string, rows?: number): RequestInit => ({
  method: 'POST',
  headers: { 'Content-Type': 'application/json' },
  body: JSON.stringify({ sql, max_rows: rows }),
});
export const query = (sql: string, signalOf?: AbortSignal, rows?: number): Promise<Answer<Rows>> =>
  askJson<Rows>('/api/v1/sql', sqlRequest(sql, rows), signalOf);

/** Rows as objects by column name. */
export function records(rows: Rows): Record<string, Cell>[] {
  return rows.rows.map((row) => Object.fromEntries(rows.columns.map(({ name }, at) => [name, row[at] ?? null])));
}
