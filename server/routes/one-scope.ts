import { impliedScope } from '../../pipeline/auth.ts';
import type { HttpAnswer } from '../../pipeline/host.ts';
import { problem } from './problem.ts';
import type { ApiSources, Caller } from './route.ts';

/** Shown of the scopes of one caller. */
const SHOWN = 20;

/** The scope that a caller means, for what is asked of one at a time; a problem when there are several to choose from. */
export function oneScope({ principal, scopes, chosen }: Caller, { runsAs }: Pick<ApiSources, 'runsAs'>): string | HttpAnswer {
  const scope = chosen === '' ? impliedScope(principal, runsAs) : chosen;
  if (scope !== undefined) return scope;
  const shown = scopes.slice(0, SHOWN).join(', ') + (scopes.length > SHOWN ? `, and ${scopes.length - SHOWN} more` : '');
  const message =
    scopes.length === 0
      ? 'cannot choose a scope: this caller has none'
      : `cannot choose a scope: this caller has ${shown}; send X-Dashboard-Scope or ?scope=`;
  return problem({ code: 'SCOPE_NEEDED', message });
}
