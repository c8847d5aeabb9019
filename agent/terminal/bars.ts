/** Numbers as blocks: a horizontal bar, and a line of columns for a series or histogram. */

const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];
const LEVELS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const LEVELS_ASCII = ['_', '.', '-', '=', '+', '*', '#', '@'];

/** `width` columns, filled from the left by `fraction` (0 to 1; what lies outside, and NaN, is taken to the nearest end). */
export function bar(fraction: number, width: number, unicode = true): string {
  const share = Math.min(1, Math.max(0, Number.isNaN(fraction) ? 0 : fraction));
  const eighths = Math.round(share * width * 8);
  const full = unicode ? '█'.repeat(eighths >> 3) + EIGHTHS[eighths & 7]! : '#'.repeat(Math.round(share * width));
  return full.padEnd(width);
}

/** One column per value, from 0 (or the least value below it) to the greatest. What is no number leaves a gap. */
export function sparkline(values: readonly number[], unicode = true): string {
  const finite = values.filter(Number.isFinite);
  const low = Math.min(0, ...finite);
  const range = Math.max(...finite, low) - low;
  const levels = unicode ? LEVELS : LEVELS_ASCII;
  return values
    .map((value) => {
      if (!Number.isFinite(value)) return ' ';
      return levels[range === 0 ? 0 : Math.round(((value - low) / range) * (levels.length - 1))]!;
    })
    .join('');
}
