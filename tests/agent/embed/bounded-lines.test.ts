import { describe, expect, it } from 'vitest';
import { BoundedLines } from '../../../agent/embed/bounded-lines.ts';
import { LIMITS } from '../../../pipeline/limits.ts';

describe('log lines for a busy thread', () => {
  it('wait up to a bound; what is left out is told with the next line that passes', () => {
    const cells = new Int32Array(1);
    const sent: string[] = [];
    const lines = new BoundedLines(cells, 0, (line) => sent.push(line));
    for (let n = 0; n < LIMITS.embeddedLines + 5; n++) lines.write(`line ${n}`);
    expect(sent).toHaveLength(LIMITS.embeddedLines);
    cells[0]! += 2;
    lines.write('again');
    lines.write('and again');
    lines.write('too much');
    expect(sent.slice(-2)).toEqual(['again (5 lines before it were left out: the application was busy)', 'and again']);
  });

  it('are counted round the end of the numbers', () => {
    const cells = new Int32Array([2 ** 31 - 1]);
    const sent: string[] = [];
    const lines = new BoundedLines(cells, 0, (line) => sent.push(line), 2 ** 31 - 1);
    for (let n = 0; n < 3; n++) {
      lines.write(String(n));
      Atomics.add(cells, 0, 1);
    }
    expect(sent).toEqual(['0', '1', '2']);
  });
});
