import { printable } from '../terminal/fit.ts';
import type { Surface } from '../terminal/surface.ts';
import { drawTable, type TableColumn } from '../terminal/table.ts';
import { tsv } from '../terminal/tsv.ts';
import { displayWidth } from '../terminal/width.ts';

/** What `POST /api/v1/sql` answers. */
export interface SqlBody {
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly rows: readonly (readonly unknown[])[];
  readonly row_count: number;
  readonly elapsed_ms: number;
  readonly truncated: { readonly by: string; readonly limit: number } | null;
  readonly scope: string;
}

const NUMBER = /^(?:U?(?:TINY|SMALL|BIG|HUGE)?INT(?:EGER)?|U?INTEGER|FLOAT|DOUBLE|DECIMAL.*)$/;
/** Down to this a column of text is wrapped. */
const NARROWEST = 8;

/** Rows as a table for people, tab-separated where nobody looks; below it how many, how long, and whether there are more. */
export function resultText(body: SqlBody, surface: Surface): string {
  const cells = body.rows.map((row) => row.map(cellText));
  if (!surface.isTerminal) {
    const titles = body.columns.map(({ name }) => name);
    return tsv(titles, cells);
  }
  const columns = body.columns.map(({ name, type }): TableColumn => {
    const title = printable(name, surface.unicode);
    return NUMBER.test(type) ? { title, align: 'right' } : { title, narrowest: NARROWEST };
  });
  const { text } = drawTable({ columns, groups: cells.length === 0 ? [] : [cells] }, surface);
  const isTooWide = displayWidth(text.slice(0, text.indexOf('\n'))) > surface.columns;
  return `${isTooWide && cells.length > 0 ? rowByRow(columns, cells, surface) : text}\n${footer(body)}`;
}

/** A line a column, for rows of more columns than the terminal has room for. */
function rowByRow(columns: readonly TableColumn[], rows: readonly (readonly string[])[], surface: Surface): string {
  const groups = rows.map((row) => columns.map(({ title }, at) => [title, row[at] ?? '']));
  return drawTable({ columns: [{ title: 'COLUMN' }, { title: 'VALUE', narrowest: NARROWEST }], groups }, surface).text;
}

function footer({ row_count, elapsed_ms, truncated, scope }: SqlBody): string {
  const rows = `${row_count} ${row_count === 1 ? 'row' : 'rows'}`;
  const cut = truncated === null ? '' : `, and there are more: cut at ${truncated.limit} ${truncated.by}`;
  return `${rows}${cut} · ${elapsed_ms.toFixed(1)} ms · ${scope}`;
}

function cellText(value: unknown): string {
  if (value === null) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
