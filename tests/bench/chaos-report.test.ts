import { describe, expect, test } from 'vitest';
import { chaosSections } from '../../bench/chaos-report.ts';
import { CHAOS_RECORD } from '../support/chaos-record.ts';

describe('what the page says of a chaos run', () => {
  test('both apps, and what the collector had in the end', () => {
    const [section] = chaosSections([CHAOS_RECORD]);
    expect(section).toContain('| latency in trouble, p50; p99, ms | 1.00; 3.00 | 1.00; 3.00 |');
    expect(section).toContain('Of 1,000 requests that the app served the collector had 1,000 in the end.');
    expect(section).toContain('No unhandled rejection');
  });

  test('what went wrong, in the latest', () => {
    const failed = { ...CHAOS_RECORD, session: '2026-02-01T00:00:00.000Z', faults: ['the app had 1 warnings'] };
    expect(chaosSections([failed, CHAOS_RECORD])[0]).toContain('**Failed**: the app had 1 warnings.');
  });

  test('nothing where there was none', () => {
    expect(chaosSections([])).toEqual([]);
  });
});
