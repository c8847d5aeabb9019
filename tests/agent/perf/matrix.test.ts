import { expect, it } from 'vitest';
import { colourOfCategory, drawPerfMatrix, perfTsv } from '../../../agent/perf/matrix.ts';
import type { Surface } from '../../../agent/terminal/surface.ts';
import type { PerfRecord } from '../../../pipeline/perf/record.ts';
import { overrideMatrix, SCOPE_MATRIX } from '../../../pipeline/scope/matrix.ts';

const WIDE: Surface = { isTerminal: true, columns: 200, colours: 'none', unicode: true };
const MATRIX = overrideMatrix(SCOPE_MATRIX, { A: { icon: '◆' } });

const row = (parts: Partial<PerfRecord> = {}): PerfRecord => ({
  category: 'R2',
  type: 'performance',
  topic: 'GetObject',
  subCat: 'Latency',
  id: 'get',
  value: '12.34ms',
  pattern: 'time_measurement',
  locations: 'cdn',
  impact: 'pages wait',
  properties: { scope: 'A', calls: '3' },
  time: '2026-11-21T11:00:00.000000001Z',
  ...parts,
});
const SECURITY = row({ category: 'Security', type: 'configuration', topic: 'Path Hardening', id: 'paths', value: 'ENABLED' });

it('has the ten columns, a group a category, and the icon of the scope', () => {
  const { text, omitted } = drawPerfMatrix([SECURITY, row()], WIDE, MATRIX);
  expect(omitted).toEqual([]);
  const lines = text.split('\n').map((line) => line.split(/[│┌├└]/).map((cell) => cell.trim()));
  expect(lines[1]?.slice(1, -1)).toEqual([
    'CATEGORY',
    'TYPE',
    'TOPIC',
    'SUBCAT',
    'ID',
    'VALUE',
    'PATTERN',
    'LOCATIONS',
    'IMPACT',
    'PROPERTIES',
  ]);
  expect(lines[3]?.slice(1, -1)).toEqual([
    '◆ R2',
    'performance',
    'GetObject',
    'Latency',
    'get',
    '12.34ms',
    'time_measurement',
    'cdn',
    'pages wait',
    'scope=A calls=3',
  ]);
  expect(lines[5]?.[1]).toBe('◆ Security');
  expect(text.split('\n')[4]).toMatch(/^├─/);
});

it('leaves prose out before it leaves what a row is about', () => {
  const { text, omitted } = drawPerfMatrix([row(), SECURITY], { ...WIDE, columns: 80 });
  expect(omitted).toContain('PROPERTIES');
  for (const title of ['CATEGORY', 'TOPIC', 'SUBCAT', 'ID', 'VALUE']) expect(text).toContain(title);
  for (const line of text.split('\n')) expect([...line].length).toBeLessThanOrEqual(80);
});

it('is painted by category, a state by what it says, and not at all without colours', () => {
  const painted = drawPerfMatrix([row(), SECURITY, row({ value: 'FAILED', id: 'x' })], { ...WIDE, colours: 'all' }).text;
  expect(painted).toContain('\u001b[1;38;2;37;99;235mR2\u001b[0m');
  expect(painted).toContain('\u001b[1;38;2;22;163;74mENABLED\u001b[0m');
  expect(painted).toContain('\u001b[1;38;2;220;38;38mFAILED\u001b[0m');
  expect(drawPerfMatrix([row()], WIDE).text).not.toContain('\u001b');
});

it('has a colour for any category, always the same', () => {
  expect(colourOfCategory('Mine')).toMatch(/^#[0-9a-f]{6}$/);
  expect(colourOfCategory('Mine')).toBe(colourOfCategory('Mine'));
  expect(colourOfCategory('constructor')).toMatch(/^#[0-9a-f]{6}$/);
});

it('cannot steer the terminal by what it shows', () => {
  const { text } = drawPerfMatrix([row({ value: '\u001b[2Jgone\u202e' })], WIDE);
  for (const steering of ['\u001b', '\u202e']) expect(text).not.toContain(steering);
});

it('is tab-separated for programs, properties as JSON, the time at the end', () => {
  const [header, line, ...none] = perfTsv([row({ impact: 'a\tb' })]).split('\n');
  expect(header?.split('\t')).toEqual([
    'category',
    'type',
    'topic',
    'subCat',
    'id',
    'value',
    'pattern',
    'locations',
    'impact',
    'properties',
    'time',
  ]);
  expect(line?.split('\t').slice(8)).toEqual(['a\\tb', '{"scope":"A","calls":"3"}', '2026-11-21T11:00:00.000000001Z']);
  expect(none).toEqual([]);
  expect(perfTsv([], false)).toBe('');
});
