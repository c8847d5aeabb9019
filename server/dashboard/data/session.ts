import { signal } from '@preact/signals';
import { ask, getJson, reachable, scope, signedOut } from './api.ts';
import { readClock } from './live.ts';
import { address, show } from './place.ts';

/** A row of the scope matrix, as far as the page shows it. */
export interface ScopeRow {
  readonly scope: string;
  readonly tier: string;
  readonly colour: string;
  readonly icon: string;
}

export const scopes = signal<readonly ScopeRow[]>([]);
export const currentScope = (): ScopeRow | undefined => scopes.value.find((row) => row.scope === scope.value);

const REMEMBERED = 'periscope.scope';
const remembered = (): string => {
  try {
    return localStorage.getItem(REMEMBERED) ?? '';
  } catch {
    return '';
  }
};

/** Whose data this browser may see, and whose it shows first: the address's, the one from last time, the machine's own. */
export async function start(): Promise<void> {
  const answer = await getJson<{ readonly runsAs?: string; readonly scopes: readonly ScopeRow[] }>('/api/v1/scopes');
  if (!answer.ok) {
    if (answer.fault.status !== 401) setTimeout(() => void start(), 2000);
    return;
  }
  signedOut.value = false;
  // The matrix has a row for each platform; all of them look alike.
  const rows = answer.value.scopes.filter((row, at, all) => all.findIndex(({ scope: name }) => name === row.scope) === at);
  scopes.value = rows;
  const known = (name: string | undefined): name is string => rows.some((row) => row.scope === name);
  const wanted = [address.value.query['scope'], remembered(), answer.value.runsAs, rows[0]?.scope].find(known);
  choose(wanted ?? '');
  await readClock();
}

export function choose(name: string): void {
  scope.value = name;
  try {
    localStorage.setItem(REMEMBERED, name);
  } catch {
    // A browser that keeps nothing.
  }
  const colour = currentScope()?.colour ?? '';
  if (/^#[0-9a-f]{6}$/i.test(colour)) document.documentElement.style.setProperty('--scope', colour);
  if (scopes.value.length > 1 && name !== '') show({ scope: name }, true);
}

/** Shows a token once and gets a session for it. Undefined when it went well. */
export async function signIn(token: string): Promise<string | undefined> {
  const answer = await ask('/api/v1/ticket', { method: 'POST', headers: { Authorization: `Bearer ${token.trim()}` } });
  if (!answer.ok) return answer.fault.message;
  const { ticket } = (await answer.value.json()) as { ticket: string };
  location.assign(`/?ticket=${encodeURIComponent(ticket)}`);
  return undefined;
}

export async function signOut(): Promise<void> {
  await ask('/sign-out', { method: 'POST' });
  signedOut.value = true;
}

/** While nobody answers, the page asks once a second whether somebody does. */
setInterval(() => {
  if (reachable.peek() === 'no' && !document.hidden) void ask('/api/v1/scopes');
}, 1500);
addEventListener('online', () => void ask('/api/v1/scopes'));
