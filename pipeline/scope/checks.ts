import { COLUMNS, isMissing, SCOPE_NAME } from './columns.ts';
import { detectProcessScope } from './detect.ts';
import { domainToFeature, isDomain, normaliseDomain } from './domains.ts';
import { GLOBAL_SCOPE, SCOPE_MATRIX, rowsByScope, type Platform, type ScopeMatrix, type ScopeRow, type Tier } from './matrix.ts';

/**
 * What must hold of a scope matrix, check by check: 37 for the built-in one, more with each row a user adds. Each asks one
 * question, so that a fault in the matrix fails the check it belongs to. A failed check stops a start; `periscope scopes
 * check` prints all. What a sound matrix must keep besides is in guardrails.ts.
 */
export interface Verdict {
  readonly group: string;
  readonly name: string;
  readonly ok: boolean;
  /** What was found; when it is not ok, all that is wrong, in full. */
  readonly detail: string;
  /** All that is wrong, each with its place. */
  readonly breaches: readonly Breach[];
}
export interface Breach {
  /** `cannot <verb> <object>: <cause>`. */
  readonly what: string;
  /** The scopes it speaks about, and the column: where a configuration may be at fault. */
  readonly scopes: readonly string[];
  readonly column?: keyof ScopeRow | undefined;
}
/** What was found, or what is wrong. */
type Found = string | readonly Breach[];
interface Check {
  readonly group: Group;
  readonly name: string;
  readonly look: () => Found;
}

export const CHECK_GROUPS = {
  'domain detection': 'the domain of a scope leads to that scope, and nothing leads to the fallback',
  completeness: 'the row is there and every column of it is filled in',
  'feature mapping': 'flags are identifiers, each once, and a tenant flag is that of its own domain',
  'name normalisation': 'domains, scope names and flags stay apart in the form in which they are compared',
  'storage path': 'the prefix is one safe path segment, the same on all platforms, and no other scope has it',
  coverage: 'each scope has one row, and only one, for a machine of the platform',
} as const;
type Group = keyof typeof CHECK_GROUPS;

/** Every check with its verdict, in a fixed order. Rows that the built-in matrix has are expected of every matrix. */
export function checkMatrix(matrix: ScopeMatrix): Verdict[] {
  const facts = factsOf(readable(matrix));
  return [
    ...domainChecks(facts),
    ...rowChecks({ ...facts, matrix, rowsOf: rowsByScope(matrix) }, 'completeness', completeness),
    ...featureChecks(facts),
    ...nameChecks(facts),
    ...rowChecks(facts, 'storage path', (row) => storagePath(row, facts)),
    ...coverageChecks(facts),
  ].map(verdictOf);
}

/**
 * The matrix with something of the right type in every cell that is compared, so that a cell of the wrong type fails the rule
 * that asks for it ("completeness", the guardrail "type safety") and no other trips over it.
 */
export function readable(matrix: ScopeMatrix): ScopeMatrix {
  return matrix.map((row) => ({
    ...row,
    scope: textOf(row.scope),
    platform: textOf(row.platform) as Platform,
    tier: textOf(row.tier) as Tier,
    domain: typeof row.domain === 'string' ? row.domain : '',
    storagePrefix: textOf(row.storagePrefix),
    secretsBackend: textOf(row.secretsBackend),
    features: Array.isArray(row.features) ? row.features.map(textOf) : [],
    retentionDays: Number.isFinite(row.retentionDays) ? row.retentionDays : 0,
  }));
}

/** A text, or the name of the type that stands in its place: not every value can be made one. */
const textOf = (value: unknown): string => (typeof value === 'string' ? value : typeof value);

/** What the checks look up, gathered once. */
interface Facts {
  readonly matrix: ScopeMatrix;
  readonly rowsOf: ReadonlyMap<string, readonly ScopeRow[]>;
  /** Of this matrix and of the built-in one, which every other extends. */
  readonly expected: readonly string[];
  /** The first row with a prefix, in lower case. */
  readonly prefixOwner: ReadonlyMap<string, ScopeRow>;
}

function factsOf(matrix: ScopeMatrix): Facts {
  const rowsOf = rowsByScope(matrix);
  const prefixOwner = new Map<string, ScopeRow>();
  for (const row of matrix.toReversed()) prefixOwner.set(folded(row.storagePrefix), row);
  const expected = unique([...rowsByScope(SCOPE_MATRIX).keys(), ...rowsOf.keys()]);
  return { matrix, rowsOf, expected, prefixOwner };
}

/** As a file system without upper and lower case compares it. */
const folded = (prefix: string): string => prefix.toLowerCase();
const unique = (values: readonly string[]): string[] => [...new Set(values)];

function verdictOf({ group, name, look }: Check): Verdict {
  const found = look();
  if (typeof found === 'string') return { group, name, ok: true, detail: found, breaches: [] };
  return failed(group, name, found);
}

/** A verdict that says everything that is wrong, once. */
export function failed(group: string, name: string, breaches: readonly Breach[]): Verdict {
  return { group, name, ok: false, detail: [...new Set(breaches.map(({ what }) => what))].join('; '), breaches };
}

const wrong = (what: string, scopes: readonly string[], column?: keyof ScopeRow): Breach[] => [{ what, scopes, column }];

function domainChecks(facts: Facts): Check[] {
  return facts.expected.map((name) => ({ group: 'domain detection', name, look: () => domainOf(name, facts) }));
}

function domainOf(scope: string, { matrix, rowsOf }: Facts): Found {
  const domains = unique((rowsOf.get(scope) ?? []).map((row) => normaliseDomain(row.domain)));
  const [domain] = domains;
  const bad = (cause: string): Found => wrong(`cannot detect scope "${scope}": ${cause}`, [scope], 'domain');
  if (domain === undefined) return bad('it has no row');
  if (domains.length > 1) return bad(`its rows have several domains, ${domains.join(', ')}`);
  if (scope === GLOBAL_SCOPE) {
    if (domain === '') return 'without DASHBOARD_SCOPE, and for any other HOST';
    return wrong(`cannot fall back on "${scope}": it has the domain "${domain}", and is for what has none`, [scope], 'domain');
  }
  if (domain === '') return "no domain: by DASHBOARD_SCOPE, a token or a listener's scope";
  const detected = detectProcessScope({ HOST: domain }, matrix).scope;
  if (detected === scope) return `HOST=${domain}`;
  const what = `cannot tell scope "${scope}" from "${detected}": both have the domain "${domain}"`;
  return wrong(what, [scope, detected], 'domain');
}

/** One check for each row of the built-in matrix and of this one. Two rows for one place are judged together. */
function rowChecks({ matrix, rowsOf }: Facts, group: Group, judge: (row: ScopeRow) => Found): Check[] {
  const places = new Map([...SCOPE_MATRIX, ...matrix].map((row) => [placeOf(row), row]));
  return [...places].map(([name, { scope, platform }]) => ({
    group,
    name,
    look: () => {
      const found = (rowsOf.get(scope) ?? []).filter((row) => row.platform === platform).map(judge);
      if (found.length === 0) return wrong(`cannot use the matrix: it has no row for ${name}`, [scope]);
      return found.find((each) => typeof each !== 'string') ?? found[0]!;
    },
  }));
}

/** `ENTERPRISE on Windows`. */
export function placeOf({ scope, platform }: Pick<ScopeRow, 'scope' | 'platform'>): string {
  return `${textOf(scope)} on ${platform === 'any' ? 'any platform' : textOf(platform)}`;
}

function completeness(row: ScopeRow): Found {
  const missing = COLUMNS.filter((column) => isMissing(column, row[column.key])).map(({ name }) => name);
  if (missing.length === 0) return `${COLUMNS.length} columns`;
  const what = `cannot use the row of ${placeOf(row)}: ${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} empty`;
  return wrong(what, [row.scope]);
}

const FLAG = /^[A-Z_][A-Z0-9_]*$/;

function featureChecks(facts: Facts): Check[] {
  return facts.expected.map((name) => ({ group: 'feature mapping', name, look: () => featuresOf(name, facts) }));
}

function featuresOf(scope: string, { rowsOf }: Facts): Found {
  const rows = rowsOf.get(scope) ?? [];
  const own = rows.map((row) => domainToFeature(row.domain));
  const causeOf = (name: string, at: number, all: readonly string[]): string | undefined => {
    if (!FLAG.test(name)) return 'a flag is made of A-Z, 0-9 and _';
    if (all.indexOf(name) !== at) return 'it is listed twice';
    return name.endsWith('_TENANT') && !own.includes(name) ? 'it is not the flag of its domain' : undefined;
  };
  const breaches = rows.flatMap(({ features }) =>
    features.flatMap((name, at) => {
      const cause = causeOf(name, at, features);
      return cause === undefined ? [] : wrong(`cannot switch on "${name}" for scope "${scope}": ${cause}`, [scope], 'features');
    }),
  );
  if (breaches.length > 0) return breaches;
  return unique(rows.flatMap(({ features }) => features)).join(', ') || 'no flags';
}

function nameChecks(facts: Facts): Check[] {
  const group = 'name normalisation';
  return [
    { group, name: 'domains are in normal form', look: () => normalDomains(facts) },
    { group, name: 'scope names stay apart', look: () => separateNames(facts) },
    { group, name: 'one flag per domain', look: () => separateFlags(facts) },
  ];
}

const domainsOf = (matrix: ScopeMatrix): string[] => unique(matrix.map((row) => row.domain).filter((domain) => domain !== ''));

function normalDomains({ matrix }: Facts): Found {
  const bad = matrix.filter(({ domain }) => domain !== '' && !isDomain(domain));
  if (bad.length === 0) return `${domainsOf(matrix).length} domains`;
  return bad.flatMap(({ scope, domain }) => {
    const wanted = normaliseDomain(domain);
    const cause = isDomain(wanted) ? `write it as "${wanted}"` : 'it is no host name';
    return wrong(`cannot use the domain "${domain}" of scope "${scope}": ${cause}`, [scope], 'domain');
  });
}

function separateNames({ rowsOf }: Facts): Found {
  const names = [...rowsOf.keys()];
  const rule = 'letters, digits, . _ -, a letter or digit first, at most 64';
  const breaches = [
    ...names
      .filter((name) => !SCOPE_NAME.test(name))
      .flatMap((name) => wrong(`cannot use the scope "${name}": it is no scope name (${rule})`, [name])),
    ...clashes(names, (name) => name.toLowerCase()).flatMap(([first, name]) =>
      wrong(`cannot tell scope "${name}" from "${first}": their names differ in upper and lower case only`, [name, first]),
    ),
  ];
  return breaches.length > 0 ? breaches : `${names.length} names`;
}

function separateFlags({ matrix }: Facts): Found {
  const domains = unique(domainsOf(matrix).map(normaliseDomain));
  const owner = (domain: string): string => matrix.find((row) => normaliseDomain(row.domain) === domain)!.scope;
  const breaches = clashes(domains, domainToFeature).flatMap(([first, domain]) => {
    const what = `cannot tell the domains "${domain}" and "${first}" apart: both have the flag ${domainToFeature(first)}`;
    return wrong(what, [owner(domain), owner(first)], 'domain');
  });
  return breaches.length > 0 ? breaches : `${domains.length} flags`;
}

/** Values that are the same as an earlier one in the form in which they are compared, each behind that one. */
function clashes(values: readonly string[], form: (value: string) => string): [first: string, value: string][] {
  const owners = new Map<string, string>();
  return values.flatMap((value): [string, string][] => {
    const first = owners.get(form(value));
    if (first !== undefined) return [[first, value]];
    owners.set(form(value), value);
    return [];
  });
}

/** Names that Windows keeps for devices, whatever ending they have. */
const DEVICE = /^(con|prn|aux|nul|com\d|lpt\d)(\..*)?$/i;

function storagePath(row: ScopeRow, { rowsOf, prefixOwner }: Facts): Found {
  const { scope, storagePrefix } = row;
  const bad = (cause: string): Found =>
    wrong(`cannot store under "${storagePrefix}" for ${placeOf(row)}: ${cause}`, [scope], 'storagePrefix');
  if (!SCOPE_NAME.test(storagePrefix)) return bad('it is no path segment of letters, digits, . _ -');
  if (DEVICE.test(storagePrefix) || storagePrefix.endsWith('.')) return bad('Windows cannot have a folder of that name');
  const owner = prefixOwner.get(folded(storagePrefix))!;
  if (owner.scope !== scope) {
    const what = `cannot tell scope "${scope}" from "${owner.scope}": both store under "${storagePrefix}"`;
    return wrong(what, [scope, owner.scope], 'storagePrefix');
  }
  const others = rowsOf.get(scope)!.filter((other) => other !== row);
  const shared = others.some((other) => folded(other.storagePrefix) === folded(storagePrefix));
  if (others.length > 0 && !shared) return bad(`the other platforms of "${scope}" store elsewhere`);
  return `${storagePrefix}/{year}/{month}/{day}/{hour}/`;
}

/** The platforms of machines; `any` is none. */
const MACHINES: readonly Platform[] = ['Windows', 'macOS', 'Linux', 'Other'];

function coverageChecks(facts: Facts): Check[] {
  return MACHINES.map((platform) => ({ group: 'coverage', name: platform, look: () => coverageOf(platform, facts) }));
}

function coverageOf(platform: Platform, { rowsOf }: Facts): Found {
  const covered: string[] = [];
  const breaches: Breach[] = [];
  for (const [scope, all] of rowsOf) {
    const rows = all.filter((row) => row.platform === platform || row.platform === 'any');
    const twice = rows.find((row, at) => rows.findIndex((other) => other.platform === row.platform) !== at);
    if (twice !== undefined) breaches.push(...wrong(`cannot choose a row for ${placeOf(twice)}: there are two`, [scope]));
    if (rows.length > 0) covered.push(scope);
    else if (platform !== 'Other')
      breaches.push(...wrong(`cannot run as "${scope}" on ${platform}: it has no row for it`, [scope]));
  }
  // On other systems a person's sandbox and the fallback are enough; the rest use Linux's row.
  if (!covered.some((scope) => scope !== GLOBAL_SCOPE) || !covered.includes(GLOBAL_SCOPE))
    breaches.push(...wrong(`cannot run on ${platform}: no scope but ${covered.join(', ') || 'none'} has a row for it`, []));
  return breaches.length > 0 ? breaches : covered.join(', ');
}
