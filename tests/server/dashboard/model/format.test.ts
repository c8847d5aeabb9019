import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ago,
  bytes,
  change,
  clock,
  downloadName,
  duration,
  shortNumber,
  timeOf,
  valueIn,
  wholeNumber,
} from '../../../../server/dashboard/model/format.ts';

describe('numbers', () => {
  it.each([
    [0, '0'],
    [7, '7'],
    [0.5, '0.5'],
    [12.34, '12.3'],
    [999, '999'],
    [999.6, '1k'],
    [1234, '1.23k'],
    [15_600, '15.6k'],
    [999_600, '1M'],
    [1_234_567, '1.23M'],
    [5e12, '5T'],
    [-1500, '−1.5k'],
    [0.00012, '1.2e-4'],
    [Number.NaN, 'NaN'],
    [Infinity, '∞'],
    [100, '100'],
    [1200, '1.2k'],
    [10, '10'],
  ])('%d is written %s', (value, text) => expect(shortNumber(value)).toBe(text));

  it('are never longer than seven characters, and lose at most a half per cent', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.001, max: 9e14, noNaN: true }), (value) => {
        const text = shortNumber(value);
        const [, digits, letter] = /^([\d.]+)([kMGT]?)$/.exec(text) ?? [];
        const back = Number(digits) * { '': 1, k: 1e3, M: 1e6, G: 1e9, T: 1e12 }[letter as ''];
        expect(text.length).toBeLessThanOrEqual(7);
        expect(Math.abs(back - value) / value).toBeLessThan(0.0051);
      }),
      { endOnFailure: true },
    );
  });

  it('that are counted keep every digit', () => expect(wholeNumber(1234567)).toBe('1,234,567'));
});

describe('durations', () => {
  it.each([
    [0, '0'],
    [850, '850 ns'],
    [12_300, '12.3 µs'],
    [4_560_000, '4.56 ms'],
    [999_600_000, '1 s'],
    [1_200_000_000, '1.2 s'],
    [59_960_000_000, '1 min 0 s'],
    [125e9, '2 min 5 s'],
    [7500e9, '2 h 5 min'],
    [-5e6, '−5 ms'],
  ])('%d ns is %s', (ns, text) => expect(duration(ns)).toBe(text));
});

describe('values in their unit', () => {
  it.each([
    ['s', 0.25, '250 ms'],
    ['ms', 1500, '1.5 s'],
    ['By', 1536, '1.5 KiB'],
    ['MiBy', 2048, '2 GiB'],
    ['1', 0.5, '0.5'],
    ['', 42, '42'],
    ['%', 12.5, '12.5%'],
    ['{requests}', 1200, '1.2k requests'],
    ['Cel', 21, '21 Cel'],
  ])('%s', (unit, value, text) => expect(valueIn(unit, value)).toBe(text));

  it('bytes below a KiB stay bytes', () => expect([bytes(12), bytes(-2048)]).toEqual(['12 B', '−2 KiB']));
});

describe('times', () => {
  it('are told as a clock, or as how long ago', () => {
    const at = new Date(2026, 10, 21, 9, 5, 3, 7).getTime();
    expect([clock(at), clock(at, true)]).toEqual(['09:05:03', '09:05:03.007']);
    const told = [1, 30, 90, 7200, 3 * 86_400].map((seconds) => ago(0, seconds * 1000));
    expect(told).toEqual(['now', '30 s ago', '1 min ago', '2 h ago', '3 days ago']);
  });

  it('of the API are read to the millisecond, whatever their decimals', () => {
    expect(timeOf('2026-11-21T11:00:00.123456789Z')).toBe(Date.UTC(2026, 10, 21, 11, 0, 0, 123));
    expect(timeOf('2026-11-21T11:00:00Z')).toBe(Date.UTC(2026, 10, 21, 11));
    expect(timeOf(12)).toBeNaN();
  });
});

describe('changes', () => {
  it.each([
    [100, 100, '±0%'],
    [100, 112, '+12%'],
    [100, 60, '−40%'],
    [100, 320, '×3.2'],
    [0, 5, 'new'],
    [5, 0, 'gone'],
  ])('from %d to %d: %s', (before, after, text) => expect(change(before, after)).toBe(text));
});

it('a download is named after what it is, whose and when, and nothing in it is a path', () => {
  const at = Date.UTC(2026, 10, 21, 11, 2, 3);
  expect(downloadName('perf', 'global', at, 'csv')).toBe('periscope-perf-global-2026-11-21T11-02-03Z.csv');
  expect(downloadName('../perf R2', 'a/b', at, 'json')).toBe('periscope-..-perf-R2-a-b-2026-11-21T11-02-03Z.json');
});
