import type { Declared } from './components.ts';

/** Do the listeners let in senders of more than one scope: by who they are, or by which listener they use? */
export function isGateway(receivers: Iterable<Declared>): boolean {
  const scopes = new Set<string>();
  for (const { instance } of receivers) if (hasAuth(instance?.config, scopes)) return true;
  return scopes.size > 1;
}

/** Adds each `scope:` of a listener to `scopes`. */
function hasAuth(config: unknown, scopes: Set<string>): boolean {
  if (config === null || typeof config !== 'object' || Array.isArray(config)) return false;
  return Object.entries(config).some(([key, value]) => {
    if (key === 'scope' && typeof value === 'string') scopes.add(value);
    return key === 'auth' ? Array.isArray(value) && value.length > 0 : hasAuth(value, scopes);
  });
}
