import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { agentSections } from './agent-report.ts';
import { chaosSections } from './chaos-report.ts';
import { gatewaySections } from './gateway-report.ts';
import { latestRuns, type NamedRecord } from './history.ts';
import { REPOSITORY } from './ingest/contenders.ts';
import type { RunRecord } from './ingest/record.ts';
import { FOOTPRINT_TARGETS, type Row, ROWS, type Target } from './ingest/rows.ts';
import { type Spread, spread } from './statistics.ts';
import { watchSections } from './watch-report.ts';

/** The bound on memory is not meant for them: batches of 64 tenants alone are 60 MB, and windows have a bound of their own. */
const OTHER_MEMORY: readonly string[] = ['gateway-64', 'windows'];
export const RESULTS_FILE: string = join(REPOSITORY, 'bench/RESULTS.md');

export function writeResults(history: readonly RunRecord[], named: readonly NamedRecord[], file: string = RESULTS_FILE): void {
  writeFileSync(file, renderResults(history, named));
}

/** The page of results: for each row its latest session, ratios against targets, and what a peer does better. */
export function renderResults(
  history: readonly RunRecord[],
  named: readonly NamedRecord[] = [],
  rows: readonly Row[] = ROWS,
): string {
  const measured = rows.map((row) => ({ row, runs: latestRuns(history, row.id) })).filter(({ runs }) => runs.length > 0);
  const sections = [
    '# Side by side',
    '<!-- Written by `npm run bench` from history.jsonl; changes by hand are lost. -->',
    'Made by `npm run bench -- ingest`. One core for the system under test, load generator and sink on the other; contenders take' +
      ' turns; medians, with smallest and largest in brackets. The figure is items at the sink per second of CPU time of the' +
      ' system under test. Every body sent is different; random bodies at the sink are decoded and compared with what was sent.' +
      ' What the systems do in each row stands in [scenarios/](scenarios).',
    ratioTable(measured),
    boundsTable(measured),
    betterPeers(measured),
    ...measured.map(({ row, runs }) => rowSection(row, runs)),
    ...agentSections(named),
    ...chaosSections(named),
    ...watchSections(named),
    ...gatewaySections(named),
  ];
  return `${sections.filter((section) => section !== '').join('\n\n')}\n`;
}

interface MeasuredRow {
  readonly row: Row;
  readonly runs: readonly RunRecord[];
}

function ratioTable(measured: readonly MeasuredRow[]): string {
  const lines = measured.flatMap(({ row, runs }) => row.targets.flatMap((target) => ratioLine(row, target, runs)));
  if (lines.length === 0) return '';
  return [
    '## Ratios of items per CPU-second',
    '',
    '| work | Periscope, k/CPU-s | peer | its k/CPU-s | ratio | must | stretch | |',
    '|---|---|---|---|---|---|---|---|',
    ...lines,
  ].join('\n');
}

function ratioLine(row: Row, target: Target, runs: readonly RunRecord[]): string[] {
  const own = target.mainProcess === true ? mainFigure(runs, target.subject.id) : figure(runs, target.subject.id);
  const peer = figure(runs, target.against.id);
  if (Number.isNaN(own.median) || Number.isNaN(peer.median)) return [];
  const ratio = own.median / peer.median;
  const which = `${target.subject.id}${target.mainProcess === true ? ', main process alone' : ''}`;
  const title = row.contenders.length > 2 ? `${row.title} (${which})` : row.title;
  return [
    `| ${title} | ${thousands(own)} | ${target.against.id} | ${thousands(peer)} | **${ratio.toFixed(1)}x** | ${target.must}x |` +
      ` ${target.stretch}x | ${verdict(ratio >= target.must, ratio >= target.stretch)} |`,
  ];
}

/** Memory and start of Periscope against the bounds it set itself. */
function boundsTable(measured: readonly MeasuredRow[]): string {
  const own = measured.flatMap(({ runs }) => runs.filter((run) => run.contender.startsWith('periscope')));
  if (own.length === 0) return '';
  const line = (title: string, worst: number, unit: string, divisor: number, bound: { must: number; stretch: number }): string =>
    `| ${title} | ${(worst / divisor).toFixed(0)} ${unit} | ${bound.must / divisor} | ${bound.stretch / divisor} |` +
    ` ${verdict(worst <= bound.must, worst <= bound.stretch)} |`;
  const idle = own.flatMap((run) => run.idleRssBytes ?? []);
  const peakRow = own
    .filter(({ row }) => !OTHER_MEMORY.includes(row))
    .reduce((worst, run) => (run.peakRssBytes > worst.peakRssBytes ? run : worst));
  return [
    '## Memory and start of Periscope',
    '',
    '| | worst of all runs | must | stretch | |',
    '|---|---|---|---|---|',
    line(
      `peak RSS but for ${OTHER_MEMORY.join(' and ')} (${peakRow.row}, ${peakRow.contender})`,
      peakRow.peakRssBytes,
      'MB',
      1e6,
      FOOTPRINT_TARGETS.peakRssBytes,
    ),
    ...(idle.length > 0 ? [line('idle RSS', Math.max(...idle), 'MB', 1e6, FOOTPRINT_TARGETS.idleRssBytes)] : []),
    line('first answer, median', spread(own.map((run) => run.firstAnswerMs)).median, 'ms', 1, FOOTPRINT_TARGETS.firstAnswerMs),
  ].join('\n');
}

/** A page of results that named only what it wins would be an advertisement. */
function betterPeers(measured: readonly MeasuredRow[]): string {
  const lines = measured.flatMap(({ row, runs }) => {
    const ids = row.contenders.map((contender) => contender.id).filter((id) => runs.some((run) => run.contender === id));
    const own = ids.filter((id) => id.startsWith('periscope'));
    const peers = ids.filter((id) => !id.startsWith('periscope'));
    return own.length === 0
      ? []
      : COMPARED.flatMap((measure) => peers.flatMap((peer) => betterPeer(row, runs, own, peer, measure)));
  });
  return lines.length === 0 ? '' : ['## Where a peer is better', '', ...lines].join('\n');
}

interface ComparedFigure {
  readonly title: string;
  readonly more: boolean;
  of(run: RunRecord): number | undefined;
  text(value: number): string;
}

const COMPARED: readonly ComparedFigure[] = [
  {
    title: 'items per CPU-second',
    more: true,
    of: (run) => (run.idleRssBytes === undefined ? run.itemsPerCpuS : undefined),
    text: (value) => `${(value / 1000).toFixed(0)} k`,
  },
  {
    title: 'CPU at the offered rate',
    more: false,
    of: (run) => (run.idleRssBytes === undefined ? undefined : run.cpuShare),
    text: (value) => `${(value * 100).toFixed(1)} %`,
  },
  { title: 'peak RSS', more: false, of: (run) => run.peakRssBytes, text: megabytes },
  { title: 'idle RSS', more: false, of: (run) => run.idleRssBytes, text: megabytes },
  { title: 'bytes out per item', more: false, of: (run) => run.bytesOutPerItem, text: (value) => value.toFixed(1) },
  { title: 'first answer', more: false, of: (run) => run.firstAnswerMs, text: (value) => `${value.toFixed(0)} ms` },
];

function betterPeer(
  row: Row,
  runs: readonly RunRecord[],
  own: readonly string[],
  peer: string,
  measure: ComparedFigure,
): string[] {
  const median = (id: string): number =>
    spread(runs.filter((run) => run.contender === id).flatMap((run) => measure.of(run) ?? [])).median;
  const theirs = median(peer);
  // Bytes out are compared between compressed outputs or between plain ones; a scope attribute is not a loss.
  const comparable = own.filter((id) => !Number.isNaN(median(id)) && (measure.title !== 'bytes out per item' || row.gzip));
  const worse = comparable.filter((id) => (measure.more ? theirs > median(id) : theirs < median(id)));
  return worse.map((id) => `- ${row.id}: ${measure.title}: ${peer} ${measure.text(theirs)}, ${id} ${measure.text(median(id))}`);
}

function rowSection(row: Row, runs: readonly RunRecord[]): string {
  const first = runs[0]!;
  const lines = row.contenders.flatMap(({ id }) =>
    contenderLine(
      id,
      runs.filter((run) => run.contender === id),
    ),
  );
  const notes = row.contenders.flatMap(({ id }) =>
    contenderNotes(
      id,
      runs.filter((run) => run.contender === id),
    ),
  );
  return [
    `## ${row.id}`,
    '',
    `${row.title}${row.itemsPerS === undefined ? '' : ` offered`}. \`npm run bench -- ingest --rows ${row.id}\`, ${first.session.slice(0, 10)};` +
      ` ${first.machine}${first.pinned ? '' : '; **cores not pinned**'}.`,
    '',
    '| | k items/CPU-s | k items/s | CPU | peak RSS MB | idle; loaded MB | bytes out/item | p50; p99 ms | first answer ms | rounds |',
    '|---|---|---|---|---|---|---|---|---|---|',
    ...lines,
    ...(notes.length > 0 ? ['', ...notes] : []),
  ].join('\n');
}

function contenderLine(id: string, runs: readonly RunRecord[]): string[] {
  if (runs.length === 0) return [];
  const median = (of: (run: RunRecord) => number | undefined): number => spread(runs.flatMap((run) => of(run) ?? [])).median;
  const resting = median((run) => run.idleRssBytes);
  const resident = Number.isNaN(resting)
    ? ''
    : `${(resting / 1e6).toFixed(0)}; ${(median((run) => run.loadedRssBytes) / 1e6).toFixed(0)}`;
  return [
    `| ${id} (${runs[0]!.version}) | ${thousands(figure(runs, id))} | ${(median((run) => run.itemsPerS) / 1000).toFixed(0)} |` +
      ` ${(median((run) => run.cpuShare) * 100).toFixed(0)} % | ${peakText(runs)} | ${resident} |` +
      ` ${median((run) => run.bytesOutPerItem).toFixed(1)} | ${median((run) => run.latencyP50Ms).toFixed(1)};` +
      ` ${median((run) => run.latencyP99Ms).toFixed(1)} | ${median((run) => run.firstAnswerMs).toFixed(0)} | ${runs.length} |`,
  ];
}

function contenderNotes(id: string, runs: readonly RunRecord[]): string[] {
  const sum = (of: (run: RunRecord) => number): number => runs.reduce((total, run) => total + of(run), 0);
  const refused = sum((run) => Object.values(run.refused).reduce((total, count) => total + count, 0));
  const undelivered = sum((run) => Math.max(0, run.acceptedItems - run.arrivedItems));
  const changed = sum((run) => run.changedItems);
  const notes: string[] = [];
  if (refused > 0) notes.push(`- ${id} refused ${refused} requests.`);
  if (undelivered > 0)
    notes.push(`- ${id} had not delivered ${undelivered} of ${sum((run) => run.acceptedItems)} accepted items at its end.`);
  if (changed > 0) {
    notes.push(`- ${id}: ${changed} of ${sum((run) => run.comparedItems)} items compared did not arrive as they were sent.`);
  }
  return notes;
}

function figure(runs: readonly RunRecord[], id: string): Spread {
  return spread(runs.filter((run) => run.contender === id).map((run) => run.itemsPerCpuS));
}

function mainFigure(runs: readonly RunRecord[], id: string): Spread {
  return spread(runs.filter((run) => run.contender === id).flatMap((run) => run.mainItemsPerCpuS ?? []));
}

function thousands(value: Spread): string {
  const text = (items: number): string => Math.round(items / 1000).toLocaleString('en');
  return `${text(value.median)} (${text(value.min)}–${text(value.max)})`;
}

function peakText(runs: readonly RunRecord[]): string {
  const peak = spread(runs.map((run) => run.peakRssBytes / 1e6));
  return `${peak.median.toFixed(0)} (${peak.min.toFixed(0)}–${peak.max.toFixed(0)})`;
}

function megabytes(value: number): string {
  return `${(value / 1e6).toFixed(0)} MB`;
}

function verdict(must: boolean, stretch: boolean): string {
  return stretch ? 'stretch' : must ? 'must' : '**missed**';
}
