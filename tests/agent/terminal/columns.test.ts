import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { drawColumns, type PlainColumn } from '../../../agent/terminal/columns.ts';
import type { Surface } from '../../../agent/terminal/surface.ts';
import { displayWidth } from '../../../agent/terminal/width.ts';

const surface = (columns: number, more: Partial<Surface> = {}): Surface => ({
  isTerminal: true,
  columns,
  colours: 'none',
  unicode: true,
  ...more,
});
const COLUMNS: readonly PlainColumn[] = [
  { title: 'NAME', narrowest: 6 },
  { title: 'COUNT', align: 'right' },
  { title: 'WHY', optional: 1 },
];

describe('columns without lines', () => {
  it('stand below their titles, numbers to the right, nothing behind the last', () => {
    expect(
      drawColumns(
        COLUMNS,
        [
          ['cart', '1', 'late'],
          ['checkout', '1,000', ''],
        ],
        surface(40),
      ),
    ).toEqual(['NAME      COUNT  WHY', 'cart          1  late', 'checkout  1,000  ']);
  });

  it('are cut where they may be, then left out', () => {
    const rows = [['a long name of something', '12', 'because']];
    expect(drawColumns(COLUMNS, rows, surface(26))).toEqual(['NAME        COUNT  WHY', 'a long na…     12  because']);
    expect(drawColumns(COLUMNS, rows, surface(14))).toEqual(['NAME     COUNT', 'a long…     12']);
  });

  it('show what would steer the terminal, and have colours of their own', () => {
    expect(drawColumns(COLUMNS, [['\u001b[2J', '1', '']], surface(40))[1]).toContain('�[2J');
    const [, line] = drawColumns(
      COLUMNS,
      [['x', { text: '1', style: { colour: '#dc2626' } }, '']],
      surface(40, { colours: 'all' }),
    );
    expect(line).toBe('x     \u001b[38;2;220;38;38m    1\u001b[0m  ');
  });

  it('are never wider than the terminal, whatever they hold', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 30 });
    fc.assert(
      fc.property(fc.array(fc.tuple(text, text, text), { maxLength: 5 }), fc.integer({ min: 1, max: 60 }), (rows, width) => {
        for (const line of drawColumns(COLUMNS, rows, surface(width)))
          expect(displayWidth(line)).toBeLessThanOrEqual(Math.max(width, 2));
      }),
      { endOnFailure: true },
    );
  });
});
