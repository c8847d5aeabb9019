import { describe, expect, test } from 'vitest';
import type { AgentRecord } from '../../bench/agent/record.ts';
import { agentSections, withBudget } from '../../bench/agent-report.ts';
import { readNamed } from '../../bench/history.ts';
import { join } from 'node:path';
import { read, ROOT } from '../support/tree.ts';

const RECORD: AgentRecord = {
  bench: 'agent',
  session: '2026-01-01T00:00:00.000Z',
  runtime: 'node20',
  runtimeVersion: 'v20.20.2',
  version: 'abc',
  machine: '2 x CPU',
  pinned: true,
  figures: {
    counter: { ours: [70, 80, 90], 'sdk-metrics': [1400, 1600, 1800], 'prom-client': [400, 400, 400] },
    'start-wall': { bare: [50, 50], ours: [70, 71], 'sdk-http': [150, 150] },
    'cap-series': { ours: [2000], 'sdk-metrics': [190_000] },
  },
};
const BUN: AgentRecord = {
  ...RECORD,
  runtime: 'bun',
  runtimeVersion: '1.4.5',
  session: '2026-02-01T00:00:00.000Z',
  version: 'def',
  figures: { 'start-wall': { bare: [15, 15], ours: [30, 30], 'sdk-http': [90, 90] } },
};

describe('the table of the budget', () => {
  const table = agentSections([RECORD, BUN]).join('\n');

  test('has a column for each runtime that was measured, and bounds where they differ', () => {
    expect(table).toContain('| | must; stretch | Node 20 | Bun |');
    expect(table).toContain('added | 15; 8 ms, Bun 30; 15 ms | 20.5 (20–21) **missed** | 15 stretch |');
  });

  test('shows what is judged and what stands beside it', () => {
    expect(table).toContain('over 1,000 series | 110 ns | 80 (70–90) must |  |');
    expect(table).toContain('| — times faster than sdk-metrics | 8; 15 | 20 stretch |  |');
    expect(table).toContain('| — sdk-metrics |  | 1,600 (1,400–1,800) |  |');
    expect(table).toContain('| — sdk-metrics and instrumentation-http |  | 100 | 75 |');
    expect(table).toContain('| 2000 | 2,000 must |  |');
    expect(table).not.toContain('tracked');
  });

  test('tells where and when', () => {
    expect(table).toContain('Node 20.20.2, Bun 1.4.5; 2026-01-01 (abc), 2026-02-01 (def); 2 x CPU.');
    expect(agentSections([{ ...RECORD, pinned: false }]).join('\n')).toContain('2 x CPU, **cores not pinned**.');
  });

  test('is nothing where nothing was measured', () => {
    expect(agentSections([])).toEqual([]);
  });
});

describe('the page of the agent', () => {
  const page = 'before\n<!-- bench:start -->\nold\n<!-- bench:end -->\nafter\n';

  test('has the table in its place, and nothing else is changed', () => {
    const written = withBudget(page, [RECORD]);
    expect(written).toMatch(/^before\n<!-- bench:start -->\n`npm run bench[^]*\n<!-- bench:end -->\nafter\n$/);
    expect(written).not.toContain('old');
    expect(withBudget(written, [RECORD])).toBe(written);
    expect(() => withBudget('no place', [RECORD])).toThrow('cannot write the budget: the page lacks the lines');
  });

  test('is what history.jsonl says', () => {
    const written = read('agent/instrument/README.md');
    expect(withBudget(written, readNamed(join(ROOT, 'bench/history.jsonl')))).toBe(written);
  });
});
