import { latest, type NamedRecord } from './history.ts';
import type { PageRecord } from './page/record.ts';
import { type Spread, spread } from './statistics.ts';
import type { Delivery } from './stream/delivery.ts';
import type { StreamRecord } from './stream/record.ts';
import { type Figure, FIGURES, type Part, PARTS, type WindowsRecord } from './windows/record.ts';

const TITLES: Readonly<Record<Part, string>> = {
  visibility: 'How soon SQL sees a point: 100,000 points a second, one core for both processes',
  full: 'Five million points of an hour in a window of 150,000 series; nobody sends, both cores',
  small: 'A small window; nobody sends, both cores',
  users: 'Ten users ask without pause while 100,000 points a second come in; one core for both processes',
};

/** The sections of what people watch: windows and SQL. */
export function watchSections(records: readonly NamedRecord[]): readonly string[] {
  const runs = records.filter((record): record is WindowsRecord => record.bench === 'windows');
  const parts = PARTS.map((part) => partSection(part, latestOf(runs, part))).filter((section) => section !== '');
  const others = [streamSection(records), pageSection(records), soakSection(records)].filter((section) => section !== '');
  return [...(parts.length === 0 ? [] : ['## windows and SQL', ...parts]), ...others];
}

const DELIVERY_MS_MAX = 300;
const STREAM_MB_MAX = 400;

function streamSection(records: readonly NamedRecord[]): string {
  const runs = latest(records, 'stream');
  const first = runs[0];
  if (first === undefined) return '';
  const line = (title: string, unit: string, of: (run: StreamRecord) => number, must?: number): string =>
    tableLine(title, unit, spread(runs.map(of)), must);
  const times = (title: string, of: (run: StreamRecord) => Delivery): string[] => [
    line(`${title}, p50`, 'ms', (run) => of(run).p50Ms),
    line(`${title}, p99`, 'ms', (run) => of(run).p99Ms, DELIVERY_MS_MAX),
    line(`${title}, longest`, 'ms', (run) => of(run).maxMs),
  ];
  const faults = runs.flatMap((run) => run.faults);
  return [
    '## stream',
    '',
    `${first.clients.toLocaleString('en')} clients of the live stream over ${first.scopes} scopes, each with ${first.series} series that change once a second;` +
      ` the collector on one core. Then ${first.stopped} of them ask for more and read nothing.` +
      ` \`npm run bench -- stream\`, ${first.session.slice(0, 10)}, ${first.version}; ${first.machine}` +
      `${first.pinned ? '' : '; **cores not pinned**'}. Medians of ${runs.length} rounds, smallest and largest in brackets.`,
    '',
    '| | | must | |',
    '|---|---|---|---|',
    ...times('from the server to a client', ({ reading }) => reading),
    line(
      'the same from when a point was sent, the wait for the server’s next second included, p99',
      'ms',
      (run) => run.reading.agesP99Ms,
    ),
    line('CPU meanwhile', '%', ({ cpuShare }) => cpuShare * 100),
    line('RSS', 'MB', ({ rssBytes }) => rssBytes / 1e6, STREAM_MB_MAX),
    ...times('from the server to a client, beside those that do not read', ({ beside }) => beside),
    line('peak RSS of it all', 'MB', ({ peakRssBytes }) => peakRssBytes / 1e6, STREAM_MB_MAX),
    line('deltas that those who do not read were told they miss', '', ({ dropped }) => dropped),
    '',
    faults.length === 0
      ? '- Every delta came, or a gap said that it does not; no client was lost, and no gap was told to one that read.'
      : `- **Failed**: ${[...new Set(faults)].join('; ')}.`,
  ].join('\n');
}

/** 30 frames a second (two refreshes of a screen, which browsers tell of to a tenth of a millisecond), 1.5 s, 200 kB. */
const FRAME_MS_MAX = 33.4;
const USABLE_MS_MAX = 1500;
const PAGE_KB_MAX = 200;

function pageSection(records: readonly NamedRecord[]): string {
  const runs = latest(records, 'page');
  const first = runs[0];
  if (first === undefined) return '';
  const line = (title: string, unit: string, of: (run: PageRecord) => number, must?: number): string =>
    tableLine(title, unit, spread(runs.map(of)), must);
  return [
    '## page',
    '',
    `The dashboard in ${first.browser}, without a graphics card, on the machine of its collector: a chart of ${first.points.toLocaleString('en')} points in 20 series is dragged` +
      ` to and fro. \`npm run bench -- page\`, ${first.session.slice(0, 10)}, ${first.version}; ${first.machine}.` +
      ` Medians of ${runs.length} rounds, smallest and largest in brackets.`,
    '',
    '| | | must | |',
    '|---|---|---|---|',
    line('frames while it is dragged', '/s', (run) => run.framesPerS),
    line('time of a frame, median', 'ms', (run) => run.frameMedianMs),
    line('the same, p95', 'ms', (run) => run.frameP95Ms, FRAME_MS_MAX),
    line('from the link until the page can be used', 'ms', (run) => run.usableMs, USABLE_MS_MAX),
    line('all of the page, gzipped', 'kB', (run) => run.gzipBytes / 1000, PAGE_KB_MAX),
  ].join('\n');
}

function soakSection(records: readonly NamedRecord[]): string {
  const run = latest(records, 'soak').at(-1);
  if (run === undefined) return '';
  const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(0)} MB`;
  return [
    '## soak',
    '',
    `${run.itemsPerS.toLocaleString('en')} items a second for ${run.minutes} minutes with ${run.dashboards} dashboards (live stream and SQL).` +
      ` \`npm run bench -- soak --minutes ${run.minutes}\`, ${run.session.slice(0, 10)}, ${run.version}; ${run.machine}.`,
    '',
    `- RSS of both processes from minute ${run.judgedFromMinute} on: median ${megabytes(run.rssMedianBytes)}, highest ${megabytes(run.rssMaxBytes)},` +
      ` slope **${megabytes(run.rssSlopeBytesPerHour)} an hour**` +
      (run.rssFloorRiseBytes === undefined
        ? '.'
        : `; lowest of the second half of that time ${megabytes(run.rssFloorRiseBytes)} above that of the first.`),
    `- ${run.acceptedItems.toLocaleString('en')} items accepted; ${run.answers.toLocaleString('en')} questions answered, p99 ${run.answerP99Ms.toFixed(0)} ms;` +
      ` ${run.deltas.toLocaleString('en')} deltas of the live stream, ${run.gaps} gaps.`,
    run.faults.length === 0
      ? '- The ledger balances, no process ended, nobody was refused, no warning was logged.'
      : `- **Failed**: ${run.faults.join('; ')}.`,
  ].join('\n');
}

/** Of the latest session that has the part. */
function latestOf(runs: readonly WindowsRecord[], part: Part): readonly WindowsRecord[] {
  const own = runs.filter((run) => run.part === part && run.voided === undefined);
  const session = own
    .map((run) => run.session)
    .sort()
    .at(-1);
  return own.filter((run) => run.session === session);
}

function partSection(part: Part, runs: readonly WindowsRecord[]): string {
  const first = runs[0];
  if (first === undefined) return '';
  const lines = FIGURES.filter((figure) => figure.part === part).flatMap((figure) => figureLine(figure, runs));
  return [
    `${TITLES[part]}. \`npm run bench -- windows --only ${part}\`, ${first.session.slice(0, 10)}, ${first.version}; ${first.machine}` +
      `${first.pinned ? '' : '; **cores not pinned**'}. Medians of ${runs.length} rounds, smallest and largest in brackets.`,
    '',
    '| | | must | |',
    '|---|---|---|---|',
    ...lines,
  ].join('\n');
}

function figureLine({ id, title, unit, must }: Figure, runs: readonly WindowsRecord[]): string[] {
  const values = spread(runs.flatMap(({ figures }) => figures[id] ?? []));
  return Number.isNaN(values.median) ? [] : [tableLine(title, unit, values, must)];
}

function tableLine(title: string, unit: string, values: Spread, must: number | undefined): string {
  const verdict = must === undefined ? ' | ' : `${must} ${unit} | ${verdictOf(values, must)}`;
  return `| ${title} | ${number(values.median)} ${unit} (${number(values.min)}–${number(values.max)}) | ${verdict} |`;
}

function verdictOf({ median, max }: Spread, must: number): string {
  return max <= must ? 'must' : median <= must ? 'must, not in every round' : '**missed**';
}

function number(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en') : value.toFixed(value >= 10 ? 1 : 2);
}
