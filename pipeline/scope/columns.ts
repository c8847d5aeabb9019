import { PLATFORMS, TIERS, type ScopeRow } from './matrix.ts';

/** Safe as a folder name, a header value, a label and an attribute on every system. */
export const SCOPE_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** A CSS colour in the one form that terminals, charts and tables all read. */
export const COLOUR = /^#[0-9a-f]{6}$/i;

/** What secrets are kept in, and which machines have it ('all': it is reached over the network). */
export const SECRETS_BACKENDS: Readonly<Record<string, { readonly platforms: readonly string[]; readonly managed: boolean }>> = {
  'windows-credential-manager': { platforms: ['Windows'], managed: true },
  keychain: { platforms: ['macOS'], managed: true },
  'secret-service': { platforms: ['Linux', 'Other'], managed: true },
  // Whichever of these the machine's system has.
  'os-keystore': { platforms: ['all'], managed: true },
  vault: { platforms: ['all'], managed: true },
  'aws-secrets-manager': { platforms: ['all'], managed: true },
  'azure-key-vault': { platforms: ['all'], managed: true },
  'google-secret-manager': { platforms: ['all'], managed: true },
  kubernetes: { platforms: ['all'], managed: true },
  // Readable by whatever else runs as the same user.
  environment: { platforms: ['all'], managed: false },
  file: { platforms: ['all'], managed: false },
};

export interface Column {
  readonly key: keyof ScopeRow;
  /** In YAML, TSV and JSON. */
  readonly name: string;
  /** Of the column in a table. */
  readonly title: string;
  readonly about: string;
  /** What a value must be: `fits` in words. */
  readonly wanted: string;
  /** Is a value that is not empty of the right type and in range? */
  readonly fits: (value: unknown) => boolean;
  /** May it be empty? */
  readonly optional?: boolean;
}

const isText = (value: unknown): boolean => typeof value === 'string';
const oneOf =
  (names: readonly string[]) =>
  (value: unknown): boolean =>
    typeof value === 'string' && names.includes(value);
const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) > 0;
const isColour = (value: unknown): boolean => typeof value === 'string' && COLOUR.test(value);

/** One character as a person counts them. */
export function isIcon(value: unknown): boolean {
  if (typeof value !== 'string' || value.length > 32 || /^([\p{C}\p{Z}\p{M}]|$)/u.test(value)) return false;
  // A segmenter takes milliseconds to make, and most icons are one code point.
  if ([...value].length === 1) return true;
  return [...new Intl.Segmenter('en', { granularity: 'grapheme' }).segment(value)].length === 1;
}

/** The twelve columns, in the order of every table. */
export const COLUMNS: readonly Column[] = [
  {
    key: 'scope',
    name: 'scope',
    title: 'SCOPE',
    about: 'name of the tenant or deployment, as data claims it',
    wanted: 'a text',
    fits: isText,
  },
  {
    key: 'platform',
    name: 'platform',
    title: 'PLATFORM',
    about: 'operating system the row is for',
    wanted: 'a platform',
    fits: oneOf(PLATFORMS),
  },
  {
    key: 'tier',
    name: 'tier',
    title: 'TIER',
    about: 'what the scope is promised; the guardrails ask more of a higher one',
    wanted: 'a tier',
    fits: oneOf(TIERS),
  },
  {
    key: 'domain',
    name: 'domain',
    title: 'DOMAIN',
    about: 'a machine whose HOST is this domain runs as the scope; empty = never by domain',
    wanted: 'a text',
    fits: isText,
    optional: true,
  },
  {
    key: 'storagePrefix',
    name: 'storage_prefix',
    title: 'PREFIX',
    about: 'first path segment of everything stored for the scope',
    wanted: 'a text',
    fits: isText,
  },
  {
    key: 'secretsBackend',
    name: 'secrets_backend',
    title: 'SECRETS',
    about: 'where its secrets live',
    wanted: 'a secrets backend',
    fits: oneOf(Object.keys(SECRETS_BACKENDS)),
  },
  {
    key: 'features',
    name: 'features',
    title: 'FEATURES',
    about: 'feature flags that are on',
    wanted: 'a list of flags',
    fits: (value) => Array.isArray(value) && value.every(isText),
    optional: true,
  },
  {
    key: 'connectionsMax',
    name: 'connections_max',
    title: 'CONN',
    about: 'live connections at once',
    wanted: 'a whole number above 0',
    fits: isCount,
  },
  {
    key: 'messagesPerMinuteMax',
    name: 'messages_per_minute_max',
    title: 'MSG/MIN',
    about: 'messages a client may send in a minute',
    wanted: 'a whole number above 0',
    fits: isCount,
  },
  {
    key: 'retentionDays',
    name: 'retention_days',
    title: 'DAYS',
    about: 'days its data is kept',
    wanted: 'a whole number above 0',
    fits: isCount,
  },
  {
    key: 'colour',
    name: 'colour',
    title: 'COLOUR',
    about: 'in tables and charts',
    wanted: 'a colour #rrggbb',
    fits: isColour,
  },
  {
    key: 'icon',
    name: 'icon',
    title: 'ICON',
    about: 'in tables',
    wanted: 'one character',
    fits: isIcon,
  },
];

/** Is there nothing in the cell? An empty list and text are something where the column allows it. */
export function isMissing({ optional }: Column, value: unknown): boolean {
  return value === undefined || value === null || (!optional && (value === '' || (Array.isArray(value) && value.length === 0)));
}

/** A row by the names of the configuration: what programs read. */
export function scopeRecord(row: ScopeRow): Record<string, ScopeRow[keyof ScopeRow]> {
  return Object.fromEntries(COLUMNS.map(({ key, name }) => [name, row[key]]));
}
