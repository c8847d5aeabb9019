import { GLOBAL_SCOPE } from '../../../pipeline/scope/matrix.ts';
import { DEFAULT_SCOPE_STAGE } from '../../../pipeline/scope/stage.ts';
import type { ResourceAttributes } from '../resource.ts';

/** The scope that this process claims, whatever it is claimed by; without one its rows are `global` here, and a collector binds
 *  them as it binds the rest. */
export function scopeOf(resource: ResourceAttributes): string {
  const claim = DEFAULT_SCOPE_STAGE.keys.map((key) => resource[key]).find((value) => typeof value === 'string');
  return claim ?? GLOBAL_SCOPE;
}
