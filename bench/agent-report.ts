import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type AgentRecord, type RowFigures, RUNTIMES, type RuntimeName } from './agent/record.ts';
import { type Bound, figuresOf, judged, latestFigures, type Row, ROWS, timesFaster } from './agent/rows.ts';
import type { NamedRecord } from './history.ts';
import { REPOSITORY } from './ingest/contenders.ts';
import { spread } from './statistics.ts';

const START = '<!-- bench:start -->';
const END = '<!-- bench:end -->';
export const AGENT_README: string = join(REPOSITORY, 'agent/instrument/README.md');

const RUNTIME_TITLES: Readonly<Record<RuntimeName, string>> = {
  node20: 'Node 20',
  node22: 'Node 22',
  node24: 'Node 24',
  bun: 'Bun',
};
/** What stands beside the agent. */
const PEERS: Readonly<Record<string, string>> = {
  'sdk-metrics': 'sdk-metrics',
  'prom-client': 'prom-client',
  'sdk-http': 'sdk-metrics and instrumentation-http',
  api: '@opentelemetry/api alone, which the agent does not load',
};

/** The section of the agent's budget, for RESULTS.md. */
export function agentSections(named: readonly NamedRecord[]): readonly string[] {
  const table = budgetTable(named);
  return table === '' ? [] : ['## agent', table];
}

/** The page of the agent with the table of its budget in the place that it has for it; throws where it has none. */
export function withBudget(page: string, named: readonly NamedRecord[]): string {
  const [start, end] = [page.indexOf(START), page.indexOf(END)];
  if (start === -1 || end < start) throw new Error(`cannot write the budget: the page lacks the lines ${START} and ${END}`);
  return `${page.slice(0, start + START.length)}\n${budgetTable(named)}\n${page.slice(end)}`;
}

export function writeBudget(named: readonly NamedRecord[], file: string = AGENT_README): void {
  writeFileSync(file, withBudget(readFileSync(file, 'utf8'), named));
}

/** The budget on each runtime that was measured, each row from the latest session that has it, with its peers of the same
 *  session; empty where nothing was. */
function budgetTable(named: readonly NamedRecord[]): string {
  const records = named.filter((record): record is AgentRecord => record.bench === 'agent');
  const runtimes = RUNTIMES.filter((name) => records.some(({ runtime }) => runtime === name));
  if (runtimes.length === 0) return '';
  return [
    `\`npm run bench -- agent\`: every contender in a process of its own, in turn within rounds, started as an app starts it, with` +
      ` a collector that takes everything; medians, smallest and largest of the rounds in brackets. ${places(records, runtimes)}`,
    '',
    `| | must; stretch | ${runtimes.map((name) => RUNTIME_TITLES[name]).join(' | ')} |`,
    `|---|---|${runtimes.map(() => '---|').join('')}`,
    ...ROWS.flatMap((row) => rowLines(row, records, runtimes)),
  ].join('\n');
}

function rowLines(row: Row, records: readonly AgentRecord[], runtimes: readonly RuntimeName[]): readonly string[] {
  const cells = (of: (figures: RowFigures, runtime: RuntimeName) => string): readonly string[] =>
    runtimes.map((runtime) => {
      const latest = latestFigures(records, runtime, row.id);
      return latest === undefined ? '' : of(latest.figures, runtime);
    });
  const line = (title: string, bounds: string, each: readonly string[]): string =>
    `| ${title} | ${bounds} | ${each.join(' | ')} |`;
  const own = cells((figures, runtime) => judgedCell(figuresOf(row, figures), row.bound?.(runtime)));
  if (own.every((cell) => cell === '')) return [];
  const { faster } = row;
  const beside = row.contenders.filter((contender) => contender !== 'ours' && !(contender === 'bare' && row.added === true));
  return [
    line(row.title, boundText(row, runtimes), own),
    ...(faster === undefined
      ? []
      : [
          line(
            '— times faster than sdk-metrics',
            `${faster.must}; ${faster.stretch ?? ''}`,
            cells((figures) => judgedCell(timesFaster(figures), faster, true)),
          ),
        ]),
    ...beside.map((contender) =>
      line(
        contender === 'bare' ? '— without anything' : `— ${PEERS[contender] ?? contender}`,
        '',
        cells((figures) => spreadText(figuresOf(row, figures, contender))),
      ),
    ),
  ];
}

/** Where runtimes have bounds of their own, each is told. */
function boundText({ bound, unit }: Row, runtimes: readonly RuntimeName[]): string {
  const texts = runtimes.map((runtime) => {
    const own = bound?.(runtime);
    return own === undefined ? unit : `${own.must}${own.stretch === undefined ? '' : `; ${own.stretch}`} ${unit}`.trimEnd();
  });
  const [first] = texts;
  if (texts.every((text) => text === first)) return first ?? '';
  const usual = texts.find((text) => texts.filter((other) => other === text).length > 1) ?? first ?? '';
  const others = runtimes.flatMap((runtime, i) => (texts[i] === usual ? [] : [`${RUNTIME_TITLES[runtime]} ${texts[i]}`]));
  return [usual, ...others].join(', ');
}

function judgedCell(values: readonly number[], bound: Bound | undefined, more = false): string {
  if (values.length === 0) return '';
  if (bound === undefined) return spreadText(values);
  const verdict = judged(spread(values), bound, more);
  return `${spreadText(values)} ${verdict === 'missed' ? '**missed**' : verdict}`;
}

function spreadText(values: readonly number[]): string {
  const { median, min, max } = spread(values);
  if (values.length === 0) return '';
  return min === max ? number(median) : `${number(median)} (${number(min)}–${number(max)})`;
}

function number(value: number): string {
  if (Number.isInteger(value) || Math.abs(value) >= 100) return Math.round(value).toLocaleString('en');
  return value.toFixed(Math.abs(value) >= 10 ? 1 : 2);
}

/** With what, where and when; a session is told once. */
function places(records: readonly AgentRecord[], runtimes: readonly RuntimeName[]): string {
  const versions = runtimes.map((name) => {
    const { runtimeVersion } = records.findLast(({ runtime }) => runtime === name)!;
    return `${name === 'bun' ? 'Bun' : 'Node'} ${runtimeVersion.replace(/^v/, '')}`;
  });
  const used = runtimes.flatMap((runtime) => ROWS.flatMap(({ id }) => latestFigures(records, runtime, id)?.record ?? []));
  const sessions = [...new Set(used.map(({ session, version }) => `${session.slice(0, 10)} (${version})`))];
  const machines = [...new Set(used.map(({ machine, pinned }) => `${machine}${pinned ? '' : ', **cores not pinned**'}`))];
  return `${versions.join(', ')}; ${sessions.join(', ')}; ${machines.join('; ')}.`;
}
