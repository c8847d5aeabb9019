import type { Declared } from './components.ts';
import type { Fault } from './fault.ts';
import { lookUp } from './tree.ts';

/** Two listeners of one configuration on the same address: found here, or one of them fails to start. */
export function portFaults(listeners: readonly Declared[]): Fault[] {
  const owners = new Map<string, string>();
  const faults: Fault[] = [];
  for (const { id, section, instance, tree } of listeners) {
    for (const { path, address } of endpointsOf(instance?.config, [])) {
      const owner = owners.get(address);
      const where = [section, id, ...path].join('::');
      if (owner === undefined) owners.set(address, where);
      else {
        const message = `cannot listen on ${address}: ${owner} listens there already`;
        faults.push({ severity: 'error', message, path: where, position: lookUp(tree, path).at });
      }
    }
  }
  return faults;
}

function endpointsOf(config: unknown, path: readonly string[]): { path: readonly string[]; address: string }[] {
  if (config === null || typeof config !== 'object' || Array.isArray(config)) return [];
  return Object.entries(config).flatMap(([key, value]) => {
    const here = [...path, key];
    if (key !== 'endpoint' || typeof value !== 'string') return endpointsOf(value, here);
    const address = addressOf(value);
    return address === undefined ? [] : [{ path: here, address }];
  });
}

/** `127.0.0.1:4318` and `localhost:4318` are one address; port 0 never clashes. */
function addressOf(endpoint: string): string | undefined {
  const parts = /^(.*):(\d+)$/.exec(endpoint);
  if (parts === null || Number(parts[2]) === 0) return undefined;
  const host = (parts[1] ?? '').toLowerCase();
  return `${host === '127.0.0.1' || host === '[::1]' ? 'localhost' : host}:${Number(parts[2])}`;
}
