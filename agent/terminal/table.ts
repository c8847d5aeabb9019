import { paint, type Style } from './colour.ts';
import { pad, printable, truncate, wrap } from './fit.ts';
import type { Surface } from './surface.ts';
import { displayWidth } from './width.ts';

export interface TableColumn {
  readonly title: string;
  readonly align?: 'left' | 'right';
  /** When room is short its lines are wrapped, down to this width; absent = as wide as its content. */
  readonly narrowest?: number;
  /** When room is still short it is left out, higher numbers first; absent = always shown. */
  readonly optional?: number;
}
/** A text, or one in a style. */
export type Cell = string | { readonly text: string; readonly style?: Style | undefined };

export interface Table {
  readonly columns: readonly TableColumn[];
  /** Rows, one cell a column, in groups with a line between them. */
  readonly groups: readonly (readonly (readonly Cell[])[])[];
}

interface Lines {
  readonly top: string;
  readonly rule: string;
  readonly bottom: string;
  readonly side: string;
  readonly flat: string;
}
const BOX: Lines = { top: '┌┬┐', rule: '├┼┤', bottom: '└┴┘', side: '│', flat: '─' };
const ASCII: Lines = { top: '+++', rule: '+++', bottom: '+++', side: '|', flat: '-' };

/**
 * A table in box drawing that keeps within the terminal's width as far as its columns allow. Cells are made printable; widths are
 * those a terminal shows. `omitted` names the columns that found no room.
 */
export function drawTable(table: Table, surface: Surface): { readonly text: string; readonly omitted: readonly string[] } {
  const cells = table.groups.map((rows) => rows.map((row) => row.map((cell) => prepare(cell, surface.unicode))));
  const natural = table.columns.map(({ title }, column) =>
    cells.flat().reduce((widest, row) => Math.max(widest, displayWidth(row[column]?.text ?? '')), displayWidth(title)),
  );
  const { shown, widths } = layOut(table.columns, natural, surface.columns);
  const lines = surface.unicode ? BOX : ASCII;
  const line = ([left, middle, right]: string): string =>
    left! + shown.map((column) => lines.flat.repeat(widths[column]! + 2)).join(middle) + right!;
  const row = (of: readonly Prepared[]): string[] => drawRow(of, table.columns, shown, widths, lines.side, surface);
  const header = table.columns.map(({ title }) => ({ text: title, style: { bold: true } }));
  const body = cells.flatMap((rows, group) => [...(group === 0 ? [] : [line(lines.rule)]), ...rows.flatMap(row)]);
  const text = [line(lines.top), ...row(header), line(lines.rule), ...body, line(lines.bottom)].join('\n');
  return { text, omitted: table.columns.filter((_, column) => !shown.includes(column)).map(({ title }) => title) };
}

interface Prepared {
  readonly text: string;
  readonly style: Style;
}

function prepare(cell: Cell, unicode: boolean): Prepared {
  const { text, style } = typeof cell === 'string' ? { text: cell, style: undefined } : cell;
  return { text: printable(text, unicode), style: style ?? {} };
}

const BORDER = 3;

/** Which columns are shown, and how wide each is: narrower first, then fewer. */
function layOut(
  columns: readonly TableColumn[],
  natural: readonly number[],
  room: number,
): { shown: readonly number[]; widths: readonly number[] } {
  let shown = columns.map((_, column) => column);
  for (;;) {
    const widths = [...natural];
    const least = (column: number): number => Math.min(natural[column]!, columns[column]!.narrowest ?? natural[column]!);
    let excess = shown.reduce((sum, column) => sum + widths[column]! + BORDER, 1) - room;
    const spare = shown.reduce((sum, column) => sum + natural[column]! - least(column), 0);
    const droppable = shown.filter((column) => columns[column]!.optional !== undefined);
    if (excess <= spare || droppable.length === 0) {
      for (; excess > 0; excess--) {
        const wide = shown.filter((column) => widths[column]! > least(column));
        if (wide.length === 0) break;
        const widest = wide.reduce((best, column) => (widths[column]! > widths[best]! ? column : best));
        widths[widest]! -= 1;
      }
      return { shown, widths };
    }
    const first = droppable.reduce((best, column) => (columns[column]!.optional! > columns[best]!.optional! ? column : best));
    shown = shown.filter((column) => column !== first);
  }
}

function drawRow(
  cells: readonly Prepared[],
  columns: readonly TableColumn[],
  shown: readonly number[],
  widths: readonly number[],
  side: string,
  { colours, unicode }: Surface,
): string[] {
  const wrapped = shown.map((column) => wrap(cells[column]?.text ?? '', widths[column]!));
  const height = Math.max(1, ...wrapped.map(({ length }) => length));
  return Array.from({ length: height }, (_, at) => {
    const parts = shown.map((column, index) => {
      const text = truncate(wrapped[index]![at] ?? '', widths[column]!, unicode);
      const padded = pad(text, widths[column]!, columns[column]!.align);
      // Only the text is painted: a background or underline would show the padding.
      return text === '' ? padded : padded.replace(text, () => paint(text, cells[column]?.style ?? {}, colours));
    });
    return `${side} ${parts.join(` ${side} `)} ${side}`;
  });
}
