import { failed, placeOf, readable, type Breach, type Verdict } from './checks.ts';
import { assignScope, validateMetricScope } from './claim.ts';
import { COLUMNS, isMissing, SECRETS_BACKENDS } from './columns.ts';
import type { DetectedScope } from './detect.ts';
import { normaliseDomain } from './domains.ts';
import { FEATURES, requiredFeatures } from './features.ts';
import { rowFor } from './lookup.ts';
import { SCOPE_MATRIX, scopeNames, type Platform, type ScopeMatrix, type ScopeRow, type Tier } from './matrix.ts';
import { judgeProperties } from './properties.ts';

/**
 * Seven rules that a scope matrix must keep to be fit for use, beyond being sound (checks.ts): one verdict each, which names
 * everything that breaks it. `periscope scopes check` fails on them; a start warns, since they ask what a scope is for.
 */
interface Context {
  /** Every cell of the right type. */
  readonly matrix: ScopeMatrix;
  readonly written: ScopeMatrix;
  /** What this process runs as, and on what; undefined = not asked. */
  readonly detected?: DetectedScope | undefined;
  readonly platform?: Platform | undefined;
}

const RULES: Readonly<Record<string, { readonly about: string; readonly find: (context: Context) => Breach[] }>> = {
  'scope isolation': { about: 'no two scopes share a storage prefix, a domain or the flag of a tenant', find: isolation },
  'feature coverage': { about: 'a scope has every flag that its tier requires', find: featureCoverage },
  'secrets backend': {
    about:
      'premium and standard scopes keep their secrets in a store that protects them, and each platform has the store its row names',
    find: secretsBackend,
  },
  'type safety': { about: 'every value is of the type of its column, and in range', find: typeSafety },
  'matrix completeness': {
    about: 'each row has the columns of the matrix and no others, and no scope is missing',
    find: completeness,
  },
  'scope context': {
    about: 'the scope this machine runs as is in the matrix, and a claim of each scope survives sanitising',
    find: scopeContext,
  },
  'production readiness': {
    about: 'premium and standard scopes have no development flags and no local domain, and premium data is kept for a year',
    find: productionReadiness,
  },
};

/** Name and meaning of each, for the reference page. */
export const GUARDRAILS: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(RULES).map(([name, { about }]) => [name, about]),
);

export function checkGuardrails(matrix: ScopeMatrix, detected?: DetectedScope, platform?: Platform): Verdict[] {
  const context = { matrix: readable(matrix), written: matrix, detected, platform };
  return Object.entries(RULES).map(([name, { about, find }]) => {
    const breaches = find(context);
    if (breaches.length > 0) return failed('guardrail', name, breaches);
    return { group: 'guardrail', name, ok: true, detail: about, breaches };
  });
}

function isolation({ matrix }: Context): Breach[] {
  const owners = new Map<string, string>();
  const found = new Map<string, Breach>();
  const claim = (row: ScopeRow, column: keyof ScopeRow, what: string, value: string): void => {
    const owner = owners.get(`${what} ${value}`) ?? row.scope;
    owners.set(`${what} ${value}`, owner);
    if (owner === row.scope) return;
    const text = `cannot tell "${row.scope}" from "${owner}": both have the ${what} "${value}"`;
    found.set(text, { what: text, scopes: [row.scope, owner], column });
  };
  for (const row of matrix) {
    claim(row, 'storagePrefix', 'storage prefix', row.storagePrefix.toLowerCase());
    if (row.domain !== '') claim(row, 'domain', 'domain', normaliseDomain(row.domain));
    for (const flag of row.features) if (flag.endsWith('_TENANT')) claim(row, 'features', 'tenant flag', flag);
  }
  return [...found.values()];
}

function featureCoverage({ matrix }: Context): Breach[] {
  return matrix.flatMap((row) => {
    const lacking = requiredFeatures(row.tier).filter((name) => !row.features.includes(name));
    if (lacking.length === 0) return [];
    const what = `cannot call ${placeOf(row)} ${row.tier}: it lacks ${lacking.join(', ')}`;
    return [{ what, scopes: [row.scope], column: 'features' as const }];
  });
}

const isServing = (tier: Tier): boolean => tier === 'premium' || tier === 'standard';

function secretsBackend({ matrix }: Context): Breach[] {
  return matrix.flatMap(({ scope, platform, tier, secretsBackend: name }) => {
    const backend = Object.hasOwn(SECRETS_BACKENDS, name) ? SECRETS_BACKENDS[name] : undefined;
    const breach = (cause: string): Breach[] => [
      {
        what: `cannot keep the secrets of ${placeOf({ scope, platform })} in ${name}: ${cause}`,
        scopes: [scope],
        column: 'secretsBackend',
      },
    ];
    // What is no backend at all is for "type safety" to say.
    if (backend === undefined) return [];
    if (isServing(tier) && !backend.managed) return breach(`others on the machine can read it, and the scope is ${tier}`);
    const { platforms } = backend;
    return platforms.includes('all') || platforms.includes(platform) ? [] : breach(`only ${platforms.join(' and ')} has it`);
  });
}

function typeSafety({ written }: Context): Breach[] {
  return written.flatMap((row) =>
    COLUMNS.filter((column) => !isMissing(column, row[column.key]) && !column.fits(row[column.key])).map(
      ({ key, name, wanted }) => ({
        what: `cannot use ${name} of ${placeOf(row)}: ${shown(row[key])} is not ${wanted}`,
        scopes: [row.scope],
        column: key,
      }),
    ),
  );
}

/** A number or text as it is; of anything else the type. */
const shown = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' ? JSON.stringify(value) : `a value of type ${typeof value}`;

function completeness({ written }: Context): Breach[] {
  const keys = new Set<string>(COLUMNS.map(({ key }) => key));
  const rows = written.flatMap((row): Breach[] => {
    const lacking = COLUMNS.filter((column) => isMissing(column, row[column.key])).map(({ name }) => name);
    const foreign = Object.keys(row).filter((key) => !keys.has(key));
    if (lacking.length + foreign.length === 0) return [];
    const causes = [...lacking.map((name) => `${name} is empty`), ...foreign.map((name) => `${name} is no column`)];
    return [{ what: `cannot use the row of ${placeOf(row)}: ${causes.join(', ')}`, scopes: [row.scope] }];
  });
  const places = new Set(written.map(placeOf));
  const missing = SCOPE_MATRIX.filter((row) => !places.has(placeOf(row)));
  return [
    ...rows,
    ...missing.map((row) => ({ what: `cannot use the matrix: it has no row for ${placeOf(row)}`, scopes: [row.scope] })),
  ];
}

function scopeContext({ matrix, detected, platform }: Context): Breach[] {
  const breaches: Breach[] = [];
  if (detected !== undefined && rowFor(detected.scope, platform ?? 'any', matrix) === undefined) {
    const what = `cannot run as "${detected.scope}" (${detected.because})${platform === undefined ? '' : ` on ${platform}`}: the matrix has no row for it`;
    breaches.push({ what, scopes: [detected.scope] });
  }
  for (const scope of scopeNames(matrix)) {
    const { properties } = assignScope({ properties: {} }, scope);
    const sanitised = (['clean', 'reject'] as const).map((mode) => judgeProperties(properties, { mode }));
    if (sanitised.every((judged) => judged.ok && validateMetricScope(judged, scope).isValid)) continue;
    breaches.push({ what: `cannot let data claim "${scope}": sanitising changes or refuses the name`, scopes: [scope] });
  }
  return breaches;
}

const KEPT_DAYS_PREMIUM = 365;

function productionReadiness({ matrix }: Context): Breach[] {
  const rows = matrix.filter(({ tier }) => isServing(tier));
  return rows.flatMap((row): Breach[] => {
    const { scope, tier, domain, features, retentionDays } = row;
    const breach = (cause: string, column: keyof ScopeRow): Breach => ({
      what: `cannot serve customers from ${placeOf(row)}: ${cause}`,
      scopes: [scope],
      column,
    });
    const development = features.filter((name) => Object.hasOwn(FEATURES, name) && FEATURES[name]!.development);
    return [
      ...(development.length > 0
        ? [breach(`${development.join(', ')} ${development.length === 1 ? 'is' : 'are'} for development`, 'features')]
        : []),
      ...(/^(localhost|.*\.(localhost|local|test|invalid|example))$/.test(domain)
        ? [breach(`"${domain}" is a local domain`, 'domain')]
        : []),
      ...(tier === 'premium' && retentionDays < KEPT_DAYS_PREMIUM
        ? [breach(`its data is kept for ${retentionDays} days, and premium promises ${KEPT_DAYS_PREMIUM}`, 'retentionDays')]
        : []),
    ];
  });
}
