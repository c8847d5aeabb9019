import { loadScopes, type LoadedScopes } from '../../config/load-scopes.ts';
import type { Verdict } from '../../pipeline/scope/checks.ts';
import { COLUMNS, scopeRecord } from '../../pipeline/scope/columns.ts';
import { platformOf, rowFor } from '../../pipeline/scope/lookup.ts';
import type { ScopeRow } from '../../pipeline/scope/matrix.ts';
import { paint } from '../terminal/colour.ts';
import { printable } from '../terminal/fit.ts';
import { surfaceOf, type Surface } from '../terminal/surface.ts';
import { drawTable, type Cell, type TableColumn } from '../terminal/table.ts';
import { tsv } from '../terminal/tsv.ts';
import type { ScopesOptions } from './cli.ts';
import { refusal, sourcesOf } from './configs.ts';

/**
 * `periscope scopes` and `periscope scopes check`: tables for a person, tab-separated values for a program, or JSON. Each
 * resolves to the exit code; what is no data goes to stderr when a program reads stdout.
 */
export interface Output {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  write(text: string): unknown;
}

const platform = platformOf(process.platform);

function load(options: ScopesOptions): LoadedScopes {
  const loaded = loadScopes(sourcesOf(options).sources, { environment: process.env, platform });
  if ('faults' in loaded) throw refusal(loaded.faults);
  return loaded;
}

export function printScopes(options: ScopesOptions, out: Output, notes: Output): number {
  const loaded = load(options);
  const surface = surfaceOf(out, process.env);
  const { scope, because } = loaded.detected;
  const runsAs = printable(`this machine runs as ${scope} (${because}) on ${platform}`, surface.unicode);
  if (options.json === true) {
    const detected = { ...loaded.detected, platform };
    out.write(`${JSON.stringify({ detected, scopes: loaded.matrix.map(scopeRecord) }, null, 2)}\n`);
  } else if (surface.isTerminal) {
    const { text, omitted } = matrixTable(loaded, surface);
    const hint = omitted.length === 0 ? '' : `\nno room for ${omitted.join(', ')}: widen the terminal, or use --json`;
    out.write(`${text}\n* ${runsAs}${hint}\n`);
  } else {
    out.write(
      `${tsv(
        COLUMNS.map(({ name }) => name),
        loaded.matrix.map((row) => COLUMNS.map(({ key }) => cellText(row[key]))),
      )}\n`,
    );
    notes.write(`${runsAs}\n`);
  }
  const failed = [...loaded.checks, ...loaded.guardrails].filter(({ ok }) => !ok).length;
  if (failed > 0) notes.write(`${failed} of its checks and guardrails fail: periscope scopes check says which\n`);
  return 0;
}

const cellText = (value: ScopeRow[keyof ScopeRow]): string => (Array.isArray(value) ? value.join(', ') : String(value));

/** What gives way when the terminal is narrow: lists and hyphenated names are wrapped, then the least asked for goes. */
const LAYOUT: Readonly<Partial<Record<keyof ScopeRow, Partial<TableColumn>>>> = {
  secretsBackend: { narrowest: 12, optional: 4 },
  features: { narrowest: 16, optional: 3 },
  connectionsMax: { align: 'right', optional: 5 },
  messagesPerMinuteMax: { align: 'right', optional: 6 },
  retentionDays: { align: 'right', optional: 2 },
  colour: { optional: 7 },
  storagePrefix: { optional: 1 },
};

/** The icon stands before the scope, and the colour paints both; so the table has a column less than the matrix. */
function matrixTable({ matrix, detected }: LoadedScopes, surface: Surface): ReturnType<typeof drawTable> {
  const shown = COLUMNS.filter(({ key }) => key !== 'icon');
  const mine = rowFor(detected.scope, platform, matrix);
  const cell = (row: ScopeRow, key: keyof ScopeRow): Cell => {
    if (key === 'scope') {
      const icon = surface.unicode ? `${row.icon} ` : '';
      return { text: `${icon}${row.scope}${row === mine ? ' *' : ''}`, style: { colour: row.colour, bold: row === mine } };
    }
    if (key === 'colour') return { text: surface.unicode ? `■ ${row.colour}` : row.colour, style: { colour: row.colour } };
    return cellText(row[key]) || '-';
  };
  const groups = runsOf(matrix, ({ scope }) => scope);
  return drawTable(
    {
      columns: shown.map(({ key, title }) => ({ title, ...LAYOUT[key] })),
      groups: groups.map((rows) => rows.map((row) => shown.map(({ key }) => cell(row, key)))),
    },
    surface,
  );
}

export function printScopesCheck(options: ScopesOptions, out: Output, notes: Output): number {
  const { checks, guardrails } = load(options);
  const surface = surfaceOf(out, process.env);
  const verdicts = [...checks, ...guardrails];
  const ok = verdicts.every((verdict) => verdict.ok);
  const held = (of: readonly Verdict[]): number => of.filter((verdict) => verdict.ok).length;
  const summary = `${held(checks)} of ${checks.length} checks hold, ${held(guardrails)} of ${guardrails.length} guardrails are kept`;
  if (options.json === true) {
    out.write(`${JSON.stringify({ ok, checks: checks.map(plain), guardrails: guardrails.map(plain) }, null, 2)}\n`);
  } else if (surface.isTerminal) {
    // What failed stands at the end as well: the table is longer than most terminals.
    const failed = verdicts.flatMap((verdict) => (verdict.ok ? [] : [`${verdict.group}, ${verdict.name}: ${verdict.detail}`]));
    const style = { colour: ok ? GOOD : BAD, bold: true };
    const lines = [...failed, summary].map((text) => paint(printable(text, surface.unicode), style, surface.colours));
    out.write(`${[verdictTable(verdicts, surface), ...lines].join('\n')}\n`);
  } else {
    const rows = verdicts.map((verdict) => [verdict.ok ? 'ok' : 'failed', verdict.group, verdict.name, verdict.detail]);
    out.write(`${tsv(['result', 'group', 'name', 'detail'], rows)}\n`);
    notes.write(`${summary}\n`);
  }
  return ok ? 0 : 1;
}

function plain({ group, name, ok, detail, breaches }: Verdict): object {
  return { group, name, ok, detail, scopes: [...new Set(breaches.flatMap(({ scopes }) => scopes))] };
}

/** Neighbours with the same key, together. */
function runsOf<Item>(items: readonly Item[], keyOf: (item: Item) => string): Item[][] {
  const runs: Item[][] = [];
  for (const item of items) {
    const last = runs.at(-1);
    if (last !== undefined && keyOf(last[0]!) === keyOf(item)) last.push(item);
    else runs.push([item]);
  }
  return runs;
}

const GOOD = '#16a34a';
const BAD = '#dc2626';

function verdictTable(verdicts: readonly Verdict[], surface: Surface): string {
  const groups = runsOf(verdicts, ({ group }) => group);
  const [yes, no] = surface.unicode ? ['✓', '✗'] : ['ok', 'FAILED'];
  const row = ({ ok, group, name, detail }: Verdict): Cell[] => [
    { text: ok ? yes! : no!, style: { colour: ok ? GOOD : BAD, bold: !ok } },
    group,
    { text: name, style: { bold: !ok } },
    { text: detail, style: ok ? { dim: true } : { colour: BAD } },
  ];
  const columns = [
    { title: '' },
    { title: 'GROUP' },
    { title: 'CHECK', narrowest: 16 },
    { title: 'WHAT WAS FOUND', narrowest: 20 },
  ];
  return drawTable({ columns, groups: groups.map((each) => each.map(row)) }, surface).text;
}
