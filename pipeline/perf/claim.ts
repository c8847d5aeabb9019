import { DEFAULT_SCOPE_STAGE } from '../scope/stage.ts';
import { SCOPE_PROPERTY } from './attributes.ts';
import type { PerfRow } from './record.ts';

/** What a row claims, each once: its property `scope`, and those that are scope attributes (`keys`). Two are one too many. */
export function claimsOfRow({ properties }: PerfRow, keys: readonly string[] = DEFAULT_SCOPE_STAGE.keys): readonly string[] {
  const claims = [SCOPE_PROPERTY, ...keys].flatMap((key) => (Object.hasOwn(properties, key) ? [properties[key]!] : []));
  return [...new Set(claims)];
}
