import { FEATURES } from './features.ts';
import { SCOPE_MATRIX, type Platform, type ScopeMatrix, type ScopeRow } from './matrix.ts';

/** Reading the matrix: by scope and platform, in constant time. */

type Index = ReadonlyMap<string, ReadonlyMap<Platform, ScopeRow>>;
const indexes = new WeakMap<ScopeMatrix, Index>();

function indexOf(matrix: ScopeMatrix): Index {
  let index = indexes.get(matrix);
  if (index === undefined) {
    const rows = new Map<string, Map<Platform, ScopeRow>>();
    for (const each of matrix) {
      let platforms = rows.get(each.scope);
      if (platforms === undefined) rows.set(each.scope, (platforms = new Map()));
      // Of two rows for one place the first counts, as for two scopes of one domain.
      if (!platforms.has(each.platform)) platforms.set(each.platform, each);
    }
    index = rows;
    indexes.set(matrix, index);
  }
  return index;
}

/** The platform of a machine, from node's `process.platform`. */
export function platformOf(nodePlatform: string): Platform {
  if (nodePlatform === 'win32') return 'Windows';
  if (nodePlatform === 'darwin') return 'macOS';
  return nodePlatform === 'linux' ? 'Linux' : 'Other';
}

/** The row that applies: the platform's own, else the one for any; on a platform nobody named (a Unix, then) Linux's. */
export function rowFor(scope: string, platform: Platform, matrix: ScopeMatrix = SCOPE_MATRIX): ScopeRow | undefined {
  const rows = indexOf(matrix).get(scope);
  return rows?.get(platform) ?? rows?.get('any') ?? (platform === 'Other' ? rows?.get('Linux') : undefined);
}

/** The feature flags that are on for a scope on this machine; none for a scope the matrix does not know. */
export function scopedFeatures(
  scope: string,
  matrix: ScopeMatrix = SCOPE_MATRIX,
  platform: Platform = platformOf(process.platform),
): readonly string[] {
  return rowFor(scope, platform, matrix)?.features ?? [];
}

/** Every flag there is, on or off for the scope: the form in which the earlier system gave them. */
export function getScopedFeatureFlags(
  scope: string,
  matrix: ScopeMatrix = SCOPE_MATRIX,
  platform: Platform = platformOf(process.platform),
): Readonly<Record<string, boolean>> {
  const on = scopedFeatures(scope, matrix, platform);
  return Object.fromEntries([...Object.keys(FEATURES), ...on].map((name) => [name, on.includes(name)]));
}
