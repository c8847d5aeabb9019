import { COLUMNS, isMissing, SCOPE_NAME } from './columns.ts';
import { detectProcessScope } from './detect.ts';
import { domainToFeature, isDomain, normaliseDomain } from './domains.ts';
import { GLOBAL_SCOPE, SCOPE_MATRIX, rowsByScope, type Platform, type ScopeMatrix, type ScopeRow } from './matrix.ts';

/**
 * What must hold of a scope matrix, check by check: 37 for the built-in one, more with each row a user adds. Each asks one
 * question, so that a fault in the matrix fails the check it belongs to. A failed check stops a start; `periscope scopes
 * check` prints all. What a sound matrix must keep besides is in guardrails.ts.
 */
export interface Verdict {
  readonly group: string;
  readonly name: string;
  readonly ok: boolean;
  /** What was found; when it is not ok, what is wrong, in full. */
  readonly detail: string;
  /** The scopes it speaks about, and the column: where a configuration may be at fault. */
  readonly scopes: readonly string[];
  readonly column?: keyof ScopeRow;
}
/** What is wrong (a text), or what was found. */
type Found = { readonly wrong: string; readonly scopes?: readonly string[] } | string;
interface Check {
  readonly group: string;
  readonly name: string;
  readonly scopes: readonly string[];
  readonly column?: keyof ScopeRow;
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
    ...rowChecks(facts, 'storage path', (row) => storagePath(row, facts), 'storagePrefix'),
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
    scope: String(row.scope),
    domain: typeof row.domain === 'string' ? row.domain : '',
    storagePrefix: String(row.storagePrefix),
    features: Array.isArray(row.features) ? row.features.map(String) : [],
  }));
}

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

function verdictOf({ look, ...check }: Check): Verdict {
  const found = look();
  if (typeof found === 'string') return { ...check, ok: true, detail: found };
  return { ...check, ok: false, detail: found.wrong, scopes: found.scopes ?? check.scopes };
}

function check(
  group: Group,
  name: string,
  scopes: readonly string[],
  column: keyof ScopeRow | undefined,
  look: () => Found,
): Check {
  return { group, name, scopes, look, ...(column === undefined ? {} : { column }) };
}

function domainChecks({ matrix, rowsOf, expected }: Facts): Check[] {
  return expected.map((scope) =>
    check('domain detection', scope, [scope], 'domain', () => {
      const rows = rowsOf.get(scope) ?? [];
      const domains = unique(rows.map((row) => normaliseDomain(row.domain)));
      if (rows.length === 0) return { wrong: `cannot detect scope "${scope}": it has no row` };
      if (domains.length > 1)
        return { wrong: `cannot detect scope "${scope}": its rows have several domains, ${domains.join(', ')}` };
      const domain = domains[0]!;
      if (scope === GLOBAL_SCOPE) {
        if (domain !== '')
          return { wrong: `cannot fall back on "${scope}": it has the domain "${domain}", and is for what has none` };
        return 'without DASHBOARD_SCOPE, and for any other HOST';
      }
      if (domain === '') return "no domain: by DASHBOARD_SCOPE, a token or a listener's scope";
      const detected = detectProcessScope({ HOST: domain }, matrix).scope;
      if (detected === scope) return `HOST=${domain}`;
      return {
        wrong: `cannot tell scope "${scope}" from "${detected}": both have the domain "${domain}"`,
        scopes: [scope, detected],
      };
    }),
  );
}

/** One check for each row of the built-in matrix and of this one. Two rows for one place are judged together. */
function rowChecks({ matrix, rowsOf }: Facts, group: Group, judge: (row: ScopeRow) => Found, column?: keyof ScopeRow): Check[] {
  const places = new Map([...SCOPE_MATRIX, ...matrix].map((row) => [placeOf(row), row]));
  return [...places].map(([place, { scope, platform }]) =>
    check(group, place, [scope], column, () => {
      const found = (rowsOf.get(scope) ?? []).filter((row) => row.platform === platform).map(judge);
      if (found.length === 0) return { wrong: `cannot use the matrix: it has no row for ${place}` };
      return found.find((each) => typeof each !== 'string') ?? found[0]!;
    }),
  );
}

/** `ENTERPRISE on Windows`. */
export function placeOf({ scope, platform }: Pick<ScopeRow, 'scope' | 'platform'>): string {
  return `${scope} on ${platform === 'any' ? 'any platform' : platform}`;
}

function completeness(row: ScopeRow): Found {
  const missing = COLUMNS.filter((column) => isMissing(column, row[column.key])).map(({ name }) => name);
  if (missing.length === 0) return `${COLUMNS.length} columns`;
  return { wrong: `cannot use the row of ${placeOf(row)}: ${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} empty` };
}

const FLAG = /^[A-Z_][A-Z0-9_]*$/;

function featureChecks({ rowsOf, expected }: Facts): Check[] {
  return expected.map((scope) =>
    check('feature mapping', scope, [scope], 'features', () => {
      const rows = rowsOf.get(scope) ?? [];
      const own = unique(rows.map((row) => domainToFeature(row.domain)));
      for (const { features } of rows) {
        const bad = features.find((name) => !FLAG.test(name));
        if (bad !== undefined)
          return { wrong: `cannot switch on "${bad}" for scope "${scope}": a flag is made of A-Z, 0-9 and _` };
        const twice = features.find((name, at) => features.indexOf(name) !== at);
        if (twice !== undefined) return { wrong: `cannot switch on "${twice}" for scope "${scope}": it is listed twice` };
        const foreign = features.find((name) => name.endsWith('_TENANT') && !own.includes(name));
        if (foreign !== undefined)
          return { wrong: `cannot switch on "${foreign}" for scope "${scope}": it is not the flag of its domain` };
      }
      const names = unique(rows.flatMap(({ features }) => features));
      return names.length === 0 ? 'no flags' : names.join(', ');
    }),
  );
}

function nameChecks({ matrix, rowsOf }: Facts): Check[] {
  const scopes = [...rowsOf.keys()];
  const domains = unique(matrix.map((row) => row.domain).filter((domain) => domain !== ''));
  return [
    check('name normalisation', 'domains are in normal form', [], 'domain', () => {
      const bad = matrix.find(({ domain }) => domain !== '' && !isDomain(domain));
      if (bad === undefined) return `${domains.length} domains`;
      const wanted = normaliseDomain(bad.domain);
      const cause = isDomain(wanted) ? `write it as "${wanted}"` : 'it is no host name';
      return { wrong: `cannot use the domain "${bad.domain}" of scope "${bad.scope}": ${cause}`, scopes: [bad.scope] };
    }),
    check('name normalisation', 'scope names stay apart', [], undefined, () => {
      const bad = scopes.find((scope) => !SCOPE_NAME.test(scope));
      if (bad !== undefined) {
        const rule = 'letters, digits, . _ -, a letter or digit first, at most 64';
        return { wrong: `"${bad}" is no scope name: ${rule}`, scopes: [bad] };
      }
      const clash = firstClash(scopes, (scope) => scope.toLowerCase());
      if (clash === undefined) return `${scopes.length} names`;
      return {
        wrong: `cannot tell scope "${clash[1]}" from "${clash[0]}": their names differ in upper and lower case only`,
        scopes: [clash[1], clash[0]],
      };
    }),
    check('name normalisation', 'one flag per domain', [], 'domain', () => {
      const clash = firstClash(unique(domains.map(normaliseDomain)), domainToFeature);
      if (clash === undefined) return `${domains.length} flags`;
      const owners = clash.map((domain) => matrix.find((row) => normaliseDomain(row.domain) === domain)!.scope);
      return {
        wrong: `cannot tell the domains "${clash[1]}" and "${clash[0]}" apart: both have the flag ${domainToFeature(clash[0])}`,
        scopes: owners.toReversed(),
      };
    }),
  ];
}

/** The first two values that are the same in the form in which they are compared. */
function firstClash(values: readonly string[], form: (value: string) => string): [string, string] | undefined {
  const owners = new Map<string, string>();
  for (const value of values) {
    const owner = owners.get(form(value));
    if (owner !== undefined) return [owner, value];
    owners.set(form(value), value);
  }
  return undefined;
}

/** Names that Windows keeps for devices, whatever ending they have. */
const DEVICE = /^(con|prn|aux|nul|com\d|lpt\d)(\..*)?$/i;

function storagePath(row: ScopeRow, { rowsOf, prefixOwner }: Facts): Found {
  const { scope, storagePrefix } = row;
  const wrong = (cause: string): Found => ({ wrong: `cannot store under "${storagePrefix}" for ${placeOf(row)}: ${cause}` });
  if (!SCOPE_NAME.test(storagePrefix)) return wrong('it is no path segment of letters, digits, . _ -');
  if (DEVICE.test(storagePrefix) || storagePrefix.endsWith('.')) return wrong('Windows cannot have a folder of that name');
  const owner = prefixOwner.get(folded(storagePrefix))!;
  if (owner.scope !== scope) {
    const text = `cannot tell scope "${scope}" from "${owner.scope}": both store under "${storagePrefix}"`;
    return { wrong: text, scopes: [scope, owner.scope] };
  }
  const others = rowsOf.get(scope)!.filter((other) => other !== row);
  const shared = others.some((other) => folded(other.storagePrefix) === folded(storagePrefix));
  if (others.length > 0 && !shared) return wrong(`the other platforms of "${scope}" store elsewhere`);
  return `${storagePrefix}/{year}/{month}/{day}/{hour}/`;
}

/** The platforms of machines; `any` is none. */
const MACHINES: readonly Platform[] = ['Windows', 'macOS', 'Linux', 'Other'];

function coverageChecks({ rowsOf }: Facts): Check[] {
  return MACHINES.map((platform) =>
    check('coverage', platform, [], 'platform', () => {
      const covered: string[] = [];
      for (const [scope, all] of rowsOf) {
        const rows = all.filter((row) => row.platform === platform || row.platform === 'any');
        const twice = rows.find((row, at) => rows.findIndex((other) => other.platform === row.platform) !== at);
        if (twice !== undefined) return { wrong: `cannot choose a row for ${placeOf(twice)}: there are two`, scopes: [scope] };
        if (rows.length > 0) covered.push(scope);
        else if (platform !== 'Other')
          return { wrong: `cannot run as "${scope}" on ${platform}: it has no row for it`, scopes: [scope] };
      }
      // On other systems a person's sandbox and the fallback are enough; the rest use Linux's row.
      if (!covered.some((scope) => scope !== GLOBAL_SCOPE) || !covered.includes(GLOBAL_SCOPE))
        return { wrong: `cannot run on ${platform}: no scope but ${covered.join(', ') || 'none'} has a row for it` };
      return covered.join(', ');
    }),
  );
}
