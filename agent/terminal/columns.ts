import { paint } from './colour.ts';
import { pad, printable, truncate } from './fit.ts';
import type { Surface } from './surface.ts';
import type { Cell } from './table.ts';
import { displayWidth } from './width.ts';

export interface PlainColumn {
  readonly title: string;
  readonly align?: 'left' | 'right';
  /** When room is short its cells are cut, down to this width; absent = as wide as its content. */
  readonly narrowest?: number;
  /** When room is still short it is left out, higher numbers first; absent = always shown. */
  readonly optional?: number;
}

const GAP = 2;

/** A line of titles and one for each row, without lines between them; none wider than the terminal. */
export function drawColumns(columns: readonly PlainColumn[], rows: readonly (readonly Cell[])[], surface: Surface): string[] {
  const { unicode, colours } = surface;
  const cells = rows.map((row) => row.map((cell) => (typeof cell === 'string' ? { text: cell } : cell)));
  const texts = cells.map((row) => row.map(({ text }) => printable(text, unicode)));
  const natural = columns.map(({ title }, at) =>
    texts.reduce((widest, row) => Math.max(widest, displayWidth(row[at] ?? '')), displayWidth(title)),
  );
  const { shown, widths } = layOut(columns, natural, surface.columns);
  const place = (text: string, at: number): string => {
    const last = at === shown.at(-1) && columns[at]!.align !== 'right';
    return last
      ? truncate(text, widths[at]!, unicode)
      : pad(truncate(text, widths[at]!, unicode), widths[at]!, columns[at]!.align);
  };
  const lineOf = (draw: (at: number) => string): string => shown.map(draw).join(' '.repeat(GAP));
  return [
    lineOf((at) => paint(place(columns[at]!.title, at), { dim: true }, colours)),
    ...cells.map((row, index) => lineOf((at) => paint(place(texts[index]![at] ?? '', at), row[at]?.style ?? {}, colours))),
  ];
}

/** Which columns are shown, and how wide each is: narrower first, then fewer; at last the widest is cut, whatever it says. */
function layOut(
  columns: readonly PlainColumn[],
  natural: readonly number[],
  room: number,
): { shown: number[]; widths: number[] } {
  let shown = columns.map((_, at) => at);
  for (;;) {
    const least = (at: number): number => Math.min(natural[at]!, columns[at]!.narrowest ?? natural[at]!);
    const excess = shown.reduce((sum, at) => sum + natural[at]! + GAP, -GAP) - room;
    const spare = shown.reduce((sum, at) => sum + natural[at]! - least(at), 0);
    const droppable = shown.filter((at) => columns[at]!.optional !== undefined);
    if (excess > spare && droppable.length > 0) {
      const first = droppable.reduce((best, at) => (columns[at]!.optional! > columns[best]!.optional! ? at : best));
      shown = shown.filter((at) => at !== first);
      continue;
    }
    const widths = [...natural];
    for (let over = excess; over > 0; over--) {
      const above = shown.filter((at) => widths[at]! > least(at));
      const from = above.length > 0 ? above : shown;
      const widest = from.reduce((best, at) => (widths[at]! > widths[best]! ? at : best));
      if (widths[widest]! <= 0) break;
      widths[widest]! -= 1;
    }
    return { shown, widths };
  }
}
