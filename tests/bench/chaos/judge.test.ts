import { describe, expect, test } from 'vitest';
import { faultsOf } from '../../../bench/chaos/judge.ts';
import type { ChaosRecord } from '../../../bench/chaos/record.ts';
import { CHAOS_APP as APP, CHAOS_RECORD as RECORD } from '../../support/chaos-record.ts';

const WELL = { unhandledRejections: 0, uncaughtErrors: 0, warnings: 0, restarts: 0, served: 1000 };
const LINE = 'periscope agent: cannot send metrics';

describe('a chaos run', () => {
  test('that went well has no fault', () => {
    expect(faultsOf(RECORD, WELL, [LINE], false)).toEqual([]);
  });

  test.each<[string, Partial<ChaosRecord>, Partial<typeof WELL>, string[]]>([
    ['an unhandled rejection', {}, { unhandledRejections: 1 }, []],
    ['an uncaught error', {}, { uncaughtErrors: 1 }, []],
    ['a warning', {}, { warnings: 1 }, []],
    ['a thread that ended', {}, { restarts: 1 }, []],
    ['a line that is not of the agent', {}, {}, ['(node:1) Warning']],
    ['a bug that the agent tells of', {}, {}, [`${LINE}: BUG: no`]],
    ['a request too few', { counted: 999 }, {}, []],
    ['a request too many', { counted: 1001 }, {}, []],
    ['no trouble', { taken: 300 }, {}, []],
    ['nothing but trouble', { taken: 0 }, {}, []],
  ])('fails by %s, however short it is', (_title, change, figures, printed) => {
    expect(faultsOf({ ...RECORD, ...change }, { ...WELL, ...figures }, printed, true)).toHaveLength(1);
  });

  test.each<[string, Partial<ChaosRecord>]>([
    ['latency', { ours: { ...APP, troubled: { ...APP.troubled, p50Ms: 1.6 } } }],
    ['a trouble that was not met', { met: { hangs: 9 } }],
    ['memory', { ours: { ...APP, rssFloorRiseBytes: 2e7 } }],
    ['an agent that does not come back', { recoveredAfterMs: Infinity }],
  ])('fails by %s when it is no smoke', (_title, change) => {
    const changed = { ...RECORD, ...change };
    expect(faultsOf(changed, WELL, [], false)).toHaveLength(1);
    expect(faultsOf(changed, WELL, [], true)).toEqual([]);
  });
});
