import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { paint } from '../../../agent/terminal/colour.ts';
import type { Surface } from '../../../agent/terminal/surface.ts';
import { displayWidth } from '../../../agent/terminal/width.ts';
import { Overview } from '../../../agent/top/overview.ts';
import { drawOverview, type Frame } from '../../../agent/top/screen.ts';

const surface = (more: Partial<Surface> = {}): Surface => ({
  isTerminal: true,
  columns: 80,
  colours: 'none',
  unicode: true,
  ...more,
});
const FRAME: Frame = { url: 'http://localhost:3004', nowMs: 2000, icon: '●', colour: '#16a34a' };
const columns = ['periscope_place', 'ServiceName', 'Points', 'Spans', 'Logs', 'Errors'].map((name) => ({ name, type: 'BIGINT' }));

/** With `services` of them. */
function filled(services = 3, name = 'service', queue = { size: 1, capacity: 20 }): Overview {
  const overview = new Overview('global');
  for (const second of [0, 1])
    overview.readLedger(
      {
        receivers: [
          {
            receiver: 'otlp',
            scope: 'global',
            signal: 'logs',
            received: 12 + second,
            accepted: 10 + second,
            rejected: { invalid: 2 },
          },
        ],
        pipelines: [],
        exporters: [
          {
            exporter: 'debug',
            scope: 'global',
            signal: 'logs',
            routed: 10 + second,
            exported: 4 + second,
            refused: 0,
            dropped: { queue_full: 5 },
            inFlight: 1,
            onFull: 'drop',
          },
        ],
        queues: [{ exporter: 'debug', scope: 'global', sizer: 'items', ...queue, bytes: 9, bytesMax: 1000, share: 1 }],
      },
      second * 1000,
    );
  overview.servicesAre({ columns, rows: Array.from({ length: services }, (_, at) => [at + 1, `${name}${at}`, 1, 2, 3, at]) }, 0);
  overview.changes = [
    { kind: 'latency', service: 'cart', name: 'GET /', before: '1 ms', after: '3 ms', words: '×3', worse: true, score: 1 },
  ];
  overview.activityIs(
    [
      {
        time: '2026-11-21T11:00:00Z',
        category: 'rejection',
        type: 'INVALID',
        severity: 'WARN',
        success: false,
        text: 'items rejected at otlp',
        count: 2,
      },
      {
        time: '2026-11-21T11:00:01Z',
        category: 'metric',
        type: 'RECEIVED',
        severity: 'INFO',
        success: true,
        text: 'log records received at otlp',
        count: 7,
      },
    ],
    true,
  );
  return overview;
}

describe('the screen', () => {
  it('shows who it is of, what comes, whether it balances, where it goes, who sends, what changed and what happened', () => {
    const text = drawOverview(filled(), FRAME, surface()).join('\n');
    for (const pattern of [
      /^periscope top {2}● global +http:\/\/localhost:3004 {2}\d\d:\d\d:\d\d$/m,
      /^items\/s {3}metrics +0 .*traces +0 .*logs +1 █/m,
      /^ledger {4}✓ balanced {2}received 13 = accepted 11 \+ rejected 2 \(invalid 2\)$/m,
      /^debug +1 +5 +1 +5% of 20 +0 +5 +queue_full$/m,
      /^service2 +1 +2 +3 +2$/m,
      /^GET \/ +cart +p95 +1 ms → 3 ms +×3$/m,
      /^\d\d:\d\d:00 +rejection +2 +items rejected at otlp$/m,
    ])
      expect(text).toMatch(pattern);
    // That is what the second line is for.
    expect(text).not.toContain('records received');
  });

  it('colours a queue that fills up, and shows it on a narrow terminal, too', () => {
    const rowOf = (size: number): string =>
      drawOverview(filled(1, 'service', { size, capacity: 20 }), FRAME, surface({ colours: 'all' })).find((line) =>
        line.includes(' of 20'),
      )!;
    expect(rowOf(9)).toContain('  45% of 20 ');
    expect(rowOf(10)).toContain(paint('50% of 20', { colour: '#d97706' }, 'all'));
    expect(rowOf(18)).toContain(paint('90% of 20', { colour: '#dc2626' }, 'all'));
    const narrow = drawOverview(filled(1, 'service', { size: 20, capacity: 20 }), FRAME, surface({ columns: 60 })).join('\n');
    expect(narrow).toMatch(/^debug .*100% of 20/m);
  });

  it('says what is wrong with a ledger that does not balance', () => {
    const overview = filled();
    overview.readLedger(
      {
        receivers: [{ receiver: 'otlp', scope: 'global', signal: 'logs', received: 20, accepted: 11, rejected: {} }],
        pipelines: [],
        exporters: [],
        queues: [],
      },
      2000,
    );
    expect(drawOverview(overview, FRAME, surface())[2]).toMatch(/^ledger {4}✗ NOT balanced {2}received 20 = accepted 11/);
  });

  it('says why there is nothing to show, and keeps what was there', () => {
    const overview = filled();
    overview.notes.ledger = 'cannot show the overview: http://localhost:3004 does not answer (ECONNREFUSED)';
    expect(drawOverview(overview, FRAME, surface())[3]).toMatch(/does not answer/);
    expect(drawOverview(overview, FRAME, surface()).join('\n')).toContain('debug');
    const empty = new Overview('global');
    empty.notes.services = 'cannot ask: no pipeline keeps windows';
    const text = drawOverview(empty, FRAME, surface()).join('\n');
    expect(text).toContain('\ncannot ask: no pipeline keeps windows\n');
    expect(text).toContain('nothing has come in for this scope yet');
  });

  it('has no sign outside ASCII where the terminal has none, and no colour where none is wanted', () => {
    const text = drawOverview(filled(), FRAME, surface({ unicode: false })).join('\n');
    // eslint-disable-next-line no-control-regex -- everything but ASCII and line feeds is what it is about
    expect(text).not.toMatch(/[^\u0020-\u007e\n]/);
    expect(text).toContain('1 ms -> 3 ms');
    expect(drawOverview(filled(), FRAME, surface({ colours: 'all' })).join('\n')).toContain('\u001b[38;2;');
  });

  it('fits any terminal: each line its width, all of them its height, and the cut ones are counted', () => {
    const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(
        fc.integer({ min: 40, max: 200 }),
        fc.integer({ min: 1, max: 60 }),
        fc.integer({ min: 0, max: 40 }),
        name,
        fc.boolean(),
        (width, height, services, text, unicode) => {
          const lines = drawOverview(filled(services, text), { ...FRAME, height }, surface({ columns: width, unicode }));
          expect(lines.length).toBeLessThanOrEqual(height);
          for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(width);
        },
      ),
      { endOnFailure: true },
    );
    expect(drawOverview(filled(30), { ...FRAME, height: 24 }, surface()).join('\n')).toMatch(/^SERVICE \+\d+ /m);
  });
});
