import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { drawTable, type Table } from '../../../agent/terminal/table.ts';
import type { Surface } from '../../../agent/terminal/surface.ts';
import { displayWidth } from '../../../agent/terminal/width.ts';

const surface: Surface = { isTerminal: true, columns: 100, colours: 'none', unicode: true };
const table = (...groups: string[][][]): Table => ({ columns: [{ title: 'NAME' }, { title: 'N', align: 'right' }], groups });

describe('a table', () => {
  it('has lines of one width around wide, combining and picture characters', () => {
    const { text, omitted } = drawTable(
      table(
        [
          ['漢字', '1'],
          ['e\u0301 👩‍💻', '22'],
        ],
        [['x', '333']],
      ),
      surface,
    );
    expect(text).toBe(
      [
        '┌──────┬─────┐',
        '│ NAME │   N │',
        '├──────┼─────┤',
        '│ 漢字 │   1 │',
        '│ e\u0301 👩‍💻 │  22 │',
        '├──────┼─────┤',
        '│ x    │ 333 │',
        '└──────┴─────┘',
      ].join('\n'),
    );
    expect(omitted).toEqual([]);
  });

  it('is ASCII where nothing else is shown', () => {
    expect(drawTable(table([['ä', '1']]), { ...surface, unicode: false }).text).toBe(
      ['+------+---+', '| NAME | N |', '+------+---+', '| ?    | 1 |', '+------+---+'].join('\n'),
    );
  });

  it('paints the text of a cell, never its padding, and stays as wide', () => {
    const colours = { ...surface, colours: '16' } as const;
    const { text } = drawTable(
      { columns: [{ title: 'AB' }], groups: [[[{ text: 'x', style: { colour: '#ff0000' } }]]] },
      colours,
    );
    expect(text.split('\n')[3]).toBe('│ \u001b[91mx\u001b[0m  │');
  });

  it('what a cell holds cannot steer the terminal', () => {
    expect(drawTable(table([['\u001b[2J', '1']]), surface).text).not.toContain('\u001b');
  });

  it('wraps what may wrap, then leaves out what may be left out, the least needed first', () => {
    const wide: Table = {
      columns: [{ title: 'A' }, { title: 'LIST', narrowest: 6 }, { title: 'B', optional: 1 }, { title: 'C', optional: 2 }],
      groups: [[['keep', 'one, two, three', 'bbbbbbbb', 'cccccccc']]],
    };
    expect(drawTable(wide, { ...surface, columns: 44 }).omitted).toEqual([]);
    expect(drawTable(wide, { ...surface, columns: 30 })).toEqual({
      text: [
        '┌──────┬──────────┬──────────┐',
        '│ A    │ LIST     │ B        │',
        '├──────┼──────────┼──────────┤',
        '│ keep │ one,     │ bbbbbbbb │',
        '│      │ two,     │          │',
        '│      │ three    │          │',
        '└──────┴──────────┴──────────┘',
      ].join('\n'),
      omitted: ['C'],
    });
    expect(drawTable(wide, { ...surface, columns: 20 }).omitted).toEqual(['B', 'C']);
    // Nothing is left to leave out: better too wide than untrue.
    expect(drawTable(wide, { ...surface, columns: 5 }).omitted).toEqual(['B', 'C']);
  });

  it('all its lines are equally wide, and within the terminal when it has room for the least', () => {
    const cell = fc.string({ unit: 'grapheme', maxLength: 25 });
    const row = fc.tuple(cell, cell, cell);
    fc.assert(
      fc.property(fc.array(row, { maxLength: 5 }), fc.integer({ min: 60, max: 90 }), (rows, columns) => {
        const { text } = drawTable(
          {
            columns: [
              { title: 'A', narrowest: 4 },
              { title: 'B', narrowest: 4 },
              { title: 'C', optional: 1 },
            ],
            groups: [rows],
          },
          { ...surface, columns },
        );
        const widths = new Set(text.split('\n').map(displayWidth));
        expect(widths.size).toBe(1);
        expect([...widths][0]).toBeLessThanOrEqual(columns);
      }),
      { endOnFailure: true },
    );
  });
});
