import { isRoutine } from '../../server/dashboard/model/activity-events.ts';
import { clock, shortNumber, timeOf, wholeNumber } from '../../server/dashboard/model/format.ts';
import type { Balance } from '../../server/dashboard/model/ledger.ts';
import { sparkline } from '../terminal/bars.ts';
import { paint, type Style } from '../terminal/colour.ts';
import { drawColumns, type PlainColumn } from '../terminal/columns.ts';
import { pad, printable, truncate } from '../terminal/fit.ts';
import type { Surface } from '../terminal/surface.ts';
import type { Cell } from '../terminal/table.ts';
import { displayWidth } from '../terminal/width.ts';
import type { Overview } from './overview.ts';
import type { QueueFill } from './queue-fill.ts';

/** What stands around the overview. */
export interface Frame {
  readonly url: string;
  readonly nowMs: number;
  /** Of the scope, where the matrix has it. */
  readonly icon?: string | undefined;
  readonly colour?: string | undefined;
  /** Lines that there are; absent = as many as it takes. */
  readonly height?: number | undefined;
}

const GOOD = '#16a34a';
const WARN = '#d97706';
const BAD = '#dc2626';
const RATE_WIDTH = 6;
const SPARK_MAX = 20;
/** Rows of a section where nobody says how high the screen is. */
const ROWS_MAX = 20;
/** An empty line, a line of titles, a row. */
const SECTION_LINES = 3;

/** What one part of the screen has to say. */
interface Section {
  readonly columns: readonly PlainColumn[];
  readonly rows: readonly (readonly Cell[])[];
  /** Instead of rows. */
  readonly note: string;
}

/** The overview as lines, none wider than the surface, and together no more than the frame is high. */
export function drawOverview(overview: Overview, frame: Frame, surface: Surface): string[] {
  const head = [title(overview, frame, surface), rates(overview, surface), ...ledgerLines(overview, surface)];
  const sections = [exporters(overview), services(overview, frame), changes(overview), activity(overview)];
  const height = frame.height ?? Number.POSITIVE_INFINITY;
  const shown = sections.slice(0, Math.max(0, Math.floor((height - head.length) / SECTION_LINES)));
  const rows = share(
    shown.map((section) => Math.min(ROWS_MAX, Math.max(1, section.rows.length))),
    height - head.length - shown.length * (SECTION_LINES - 1),
  );
  const lines = [...head, ...shown.flatMap((section, at) => ['', ...drawSection(section, rows[at]!, surface)])];
  return lines.slice(0, Math.min(lines.length, height));
}

/** Lines for each, in turn, until all have what they want or there are no more. */
function share(wants: readonly number[], lines: number): number[] {
  const has = wants.map(() => 0);
  for (
    let left = Math.min(
      lines,
      wants.reduce((sum, want) => sum + want, 0),
    );
    left > 0;
  )
    for (const [at, want] of wants.entries()) {
      if (left === 0 || has[at]! >= want) continue;
      has[at]! += 1;
      left -= 1;
    }
  return has;
}

function drawSection({ columns, rows, note }: Section, most: number, surface: Surface): string[] {
  const texts = rows.slice(0, most).map((row) => row.map((cell) => written(cell, surface)));
  const hidden = rows.length - texts.length;
  const [first, ...others] = columns;
  const counted = hidden > 0 && first !== undefined ? [{ ...first, title: `${first.title} +${hidden}` }, ...others] : columns;
  const titled = surface.unicode ? counted : counted.map((column) => ({ ...column, title: ascii(column.title) }));
  const lines = drawColumns(titled, texts, surface);
  return rows.length > 0 ? lines : [lines[0]!, paint(line(note, surface), { dim: true }, surface.colours)];
}

/** In signs that the surface has. */
function written(cell: Cell, { unicode }: Surface): Cell {
  if (unicode) return cell;
  return typeof cell === 'string' ? ascii(cell) : { ...cell, text: ascii(cell.text) };
}
const ascii = (text: string): string =>
  text
    .replaceAll('→', '->')
    .replaceAll('×', 'x')
    .replaceAll('−', '-')
    .replaceAll('±', '+-')
    .replaceAll('µ', 'u')
    .replaceAll('…', '...');

const line = (text: string, surface: Surface): string =>
  truncate(printable(surface.unicode ? text : ascii(text), surface.unicode), surface.columns, surface.unicode);

function title(overview: Overview, { url, nowMs, icon = '', colour }: Frame, surface: Surface): string {
  const name = printable(`${surface.unicode && icon !== '' ? `${icon} ` : ''}${overview.scope}`, surface.unicode);
  const right = `${printable(url, surface.unicode)}  ${clock(nowMs)}`;
  const left = `periscope top  ${name}`;
  const space = surface.columns - displayWidth(left) - displayWidth(right);
  if (space < 2) return paint(truncate(left, surface.columns, surface.unicode), { bold: true, colour }, surface.colours);
  const shown = `${paint('periscope top', { bold: true }, surface.colours)}  ${paint(name, { bold: true, colour }, surface.colours)}`;
  return `${shown}${' '.repeat(space)}${paint(right, { dim: true }, surface.colours)}`;
}

function rates(overview: Overview, surface: Surface): string {
  const all = overview.rates;
  const label = pad('items/s', LABEL);
  const texts = all.map(({ signal, perSecond }) => `${signal} ${pad(shortNumber(perSecond), RATE_WIDTH, 'right')}`);
  const used = label.length + texts.reduce((sum, text) => sum + text.length + 3, -2);
  const width = Math.min(SPARK_MAX, Math.floor((surface.columns - used) / all.length));
  const parts = texts.map((text, at) => {
    if (width < 3) return text;
    const values = all[at]!.history.slice(-width);
    const spark = sparkline(values, surface.unicode).padEnd(width);
    return `${text} ${paint(spark, { colour: GOOD }, surface.colours)}`;
  });
  const drawn = `${label}${parts.join('  ')}`;
  return width < 3 ? truncate(drawn, surface.columns, surface.unicode) : drawn;
}

const LABEL = 10;
const reasonsText = (reasons: readonly (readonly [string, number])[]): string =>
  reasons.length === 0 ? '' : ` (${reasons.map(([reason, count]) => `${reason} ${wholeNumber(count)}`).join(', ')})`;

/** Whether all that came is accounted for, what was sent back or lost and why; and what keeps us from knowing. */
function ledgerLines(overview: Overview, surface: Surface): string[] {
  const { intake, exporters: out, droppedOnTheWay, notes } = overview;
  const isBalanced = intake.balanced && out.every(({ balanced }) => balanced);
  const mark = isBalanced ? (surface.unicode ? '✓ balanced' : 'balanced') : surface.unicode ? '✗ NOT balanced' : 'NOT BALANCED';
  const parts = intake.parts.map(({ name, count }) => `${name} ${wholeNumber(count)}`).join(' + ');
  const way = droppedOnTheWay.reduce((sum, [, count]) => sum + count, 0);
  const dropped = way === 0 ? '' : `; dropped on the way ${wholeNumber(way)}${reasonsText(droppedOnTheWay)}`;
  const counts = `${intake.name} ${wholeNumber(intake.whole)} = ${parts}${reasonsText(intake.reasons)}${dropped}`;
  const room = surface.columns - LABEL - mark.length - 2;
  const text = truncate(printable(counts, surface.unicode), Math.max(0, room), surface.unicode);
  const colour = isBalanced ? GOOD : BAD;
  const lines = [`${pad('ledger', LABEL)}${paint(mark, { colour, bold: !isBalanced }, surface.colours)}  ${text}`];
  if (notes.ledger !== undefined) lines.push(paint(line(notes.ledger, surface), { colour: BAD, bold: true }, surface.colours));
  return lines;
}

function exporters({ exporters: all }: Overview): Section {
  const of = ({ parts }: Balance, name: string): number => parts.find((part) => part.name === name)?.count ?? 0;
  const counted = (count: number, colour: string): Cell => ({ text: wholeNumber(count), style: count > 0 ? { colour } : {} });
  return {
    columns: [
      { title: 'EXPORTER', narrowest: 14 },
      { title: 'ITEMS/S', align: 'right' },
      { title: 'EXPORTED', align: 'right', optional: 2 },
      { title: 'QUEUED', align: 'right' },
      { title: 'FULL', align: 'right' },
      { title: 'REFUSED', align: 'right' },
      { title: 'DROPPED', align: 'right' },
      { title: 'WHY', narrowest: 10, optional: 1 },
    ],
    rows: all.map((each) => [
      { text: each.name, style: each.balanced ? {} : { colour: BAD, bold: true } },
      shortNumber(each.perSecond),
      wholeNumber(of(each, 'exported')),
      wholeNumber(of(each, 'in flight')),
      filled(each.queue),
      counted(of(each, 'refused'), BAD),
      counted(of(each, 'dropped'), WARN),
      each.reasons.map(([reason]) => reason).join(', '),
    ]),
    note: 'nothing has come in for this scope yet',
  };
}

const NEARLY_FULL = 0.9;
const HALF_FULL = 0.5;
function filled(queue: QueueFill | undefined): Cell {
  if (queue === undefined) return '';
  const { part, text } = queue;
  return { text, style: part >= NEARLY_FULL ? { colour: BAD } : part >= HALF_FULL ? { colour: WARN } : {} };
}

function services(overview: Overview, { nowMs }: Frame): Section {
  const number = (count: number, style: Style = {}): Cell => ({ text: wholeNumber(count), style });
  return {
    columns: [
      { title: 'SERVICE', narrowest: 10 },
      { title: 'ITEMS/S', align: 'right' },
      { title: 'POINTS', align: 'right', optional: 2 },
      { title: 'SPANS', align: 'right', optional: 1 },
      { title: 'LOGS', align: 'right', optional: 1 },
      { title: 'ERRORS', align: 'right' },
    ],
    rows: overview
      .services(nowMs)
      .map(({ name, perSecond, points, spans, logs, errors }) => [
        name === '' ? '(no name)' : name,
        perSecond === undefined ? '' : shortNumber(perSecond),
        number(points),
        number(spans),
        number(logs),
        number(errors, errors > 0 ? { colour: BAD } : {}),
      ]),
    note: overview.notes.services ?? (overview.hasServices ? 'nothing has come in for this scope yet' : 'asking …'),
  };
}

const KINDS = { latency: 'p95', errors: 'errors', traffic: 'rate', gauge: 'value', logs: 'logs' } as const;

function changes({ changes: all, notes }: Overview): Section {
  return {
    columns: [
      { title: 'WHAT CHANGED', narrowest: 12 },
      { title: 'SERVICE', narrowest: 8 },
      { title: 'OF', optional: 2 },
      { title: '10 MIN → 2 MIN', optional: 1 },
      { title: 'BY', align: 'right' },
    ],
    rows: (all ?? []).map(({ kind, service, name, before, after, words, worse }) => [
      name,
      service,
      KINDS[kind],
      `${before} → ${after}`,
      { text: words, style: { colour: worse ? BAD : GOOD } },
    ]),
    note: notes.changes ?? (all === undefined ? 'asking …' : 'all is as it was'),
  };
}

function activity({ events, notes }: Overview): Section {
  return {
    columns: [
      { title: 'ACTIVITY' },
      { title: 'CATEGORY', optional: 1 },
      { title: 'TIMES', align: 'right' },
      { title: 'WHAT', narrowest: 20 },
    ],
    // That items come in is said above.
    rows: (events ?? [])
      .filter((event) => !isRoutine(event))
      .map(({ time, category, success, text, count }) => [
        clock(timeOf(time)),
        category,
        shortNumber(count),
        { text, style: success ? {} : { colour: BAD } },
      ]),
    note: notes.activity ?? (events === undefined ? 'asking …' : 'nothing but items that come in'),
  };
}
