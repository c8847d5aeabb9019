import { expect, it } from 'vitest';
import { createLog, type LogOptions } from '../../../agent/collector/log.ts';

function logAt(times: { now: number }, options: Omit<LogOptions, 'now'> = {}) {
  const lines: string[] = [];
  return { lines, log: createLog((line) => lines.push(line), { ...options, now: () => times.now }) };
}

it('is one line of time, level, message and fields', () => {
  const { lines, log } = logAt({ now: Date.UTC(2026, 0, 31, 12) });
  log.warn('cannot reach http://x: refused', { exporter: 'otlp_http', tries: 3, last: 'a b' });
  expect(lines).toEqual(['2026-01-31T12:00:00.000Z warn  cannot reach http://x: refused exporter=otlp_http tries=3 last="a b"']);
});

it('stays one line, whatever a foreign message holds', () => {
  const { lines, log } = logAt({ now: 0 });
  log.error('a\nb\u001b[2Jc\u2028d', { e: 'x\ny' });
  expect(lines[0]).toBe('1970-01-01T00:00:00.000Z error a b [2Jc d e="x\\ny"');
});

it('says a limited line once in 10 s for each key, then how many were held back', () => {
  const times = { now: 0 };
  const { lines, log } = logAt(times);
  for (let i = 0; i < 5; i++) log.limited('a', 'full', { exporter: 'x' });
  log.limited('b', 'other');
  times.now = 9999;
  log.limited('a', 'full');
  times.now = 10_000;
  log.limited('a', 'full', { exporter: 'x' });
  expect(lines.map((line) => line.slice(25))).toEqual([
    'warn  full exporter=x',
    'warn  other',
    'warn  full exporter=x heldBack=5',
  ]);
});

it('forgets the oldest of very many keys, never grows', () => {
  const { lines, log } = logAt({ now: 0 });
  for (let i = 0; i < 1001; i++) log.limited(`key ${i}`, 'x');
  log.limited('key 0', 'again');
  expect(lines).toHaveLength(1002);
});

it('leaves out lines below its level', () => {
  for (const [level, shown] of [
    ['debug', ['info', 'warn', 'warn', 'error']],
    ['info', ['info', 'warn', 'warn', 'error']],
    ['warn', ['warn', 'warn', 'error']],
    ['error', ['error']],
  ] as const) {
    const { lines, log } = logAt({ now: 0 }, { level });
    log.info('a');
    log.warn('b');
    log.limited('key', 'c');
    log.error('d');
    expect(lines.map((line) => line.slice(25, 30).trim())).toEqual(shown);
  }
});

it('is one JSON object a line where a machine reads it', () => {
  const { lines, log } = logAt({ now: 0 }, { encoding: 'json' });
  log.warn('cannot reach "x":\nrefused', { exporter: 'otlp_http', tries: 3 });
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    { level: 'warn', ts: '1970-01-01T00:00:00.000Z', msg: 'cannot reach "x": refused', exporter: 'otlp_http', tries: 3 },
  ]);
});
