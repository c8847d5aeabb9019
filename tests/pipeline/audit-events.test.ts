import { describe, expect, test } from 'vitest';
import type { Audit, AuditEvent } from '../../pipeline/audit.ts';
import type { Outcome, Processor, Refusal } from '../../pipeline/component.ts';
import { Sanitize } from '../../processors/sanitize/sanitize.ts';
import { config as sanitizeConfig } from '../../processors/sanitize/config.ts';
import { encode, logRecord, request } from '../support/build.ts';
import { expectBalance } from '../support/ledger.ts';
import { ManualClock, settle } from '../support/manual-clock.ts';
import {
  batchOf,
  exporterOf,
  ids,
  later,
  LossyProcessor,
  pipelineOf,
  processorOf,
  requestOf,
  ScriptedExporter,
} from '../support/scripted.ts';
import { startGraph } from '../support/started-graph.ts';

/** Keeps events, and lets the test say when a CRITICAL one is on the disk. */
class Recorder implements Audit {
  readonly active = true;
  readonly events: AuditEvent[] = [];
  readonly onDisk: ((refusal?: Refusal) => void)[] = [];
  closed: Refusal | undefined;

  record(event: AuditEvent): Promise<Refusal | undefined> | undefined {
    this.events.push(event);
    return event.severity === 'CRITICAL' ? new Promise((resolve) => this.onDisk.push(resolve)) : undefined;
  }

  refusal(): Refusal | undefined {
    return this.closed;
  }
}

const FULL: Refusal = { ok: false, code: 'AUDIT_UNAVAILABLE', retryable: true, message: 'cannot take data: no disk' };
const SENDER = { user: 'agent-1', head: { remoteAddress: '10.0.0.7' } };

/** Three records that claim another scope, two that claim none. */
const mixed = (): Uint8Array =>
  encode(
    'logs',
    request('logs', [
      { resource: { 'service.name': 'good' }, items: [logRecord({ id: 'a' }), logRecord({ id: 'b' })] },
      { resource: { 'periscope.scope': 'OTHER' }, items: [logRecord({}), logRecord({}), logRecord({})] },
    ]),
  );

async function start(
  processors: Parameters<typeof startGraph>[0]['processors'] = [],
  exporter = new ScriptedExporter(),
  clocked = {},
) {
  const world = await startGraph({
    processors,
    exporters: [exporterOf('e', exporter, { retry_on_failure: { enabled: false }, ...clocked })],
    pipelines: [pipelineOf('logs', { processors: processors.map(({ id }) => id), exporters: ['e'] })],
  });
  const audit = new Recorder();
  world.host.audit.keep(audit);
  return { ...world, audit, exporter };
}

describe('a scope violation', () => {
  test('says who, from where, which scope was tried, and how many items; one event per reason', async () => {
    const { receiver, audit } = await start();
    const answer = receiver.sendBytes('logs', mixed(), 'ACME', undefined, SENDER);
    expect(audit.events).toEqual([
      {
        type: 'SCOPE_VIOLATION',
        severity: 'CRITICAL',
        action: 'scope_mismatch',
        result: 'FAILURE',
        scope: 'ACME',
        user: 'agent-1',
        client: '10.0.0.7',
        component: 'scripted',
        items: 3,
        details: { signal: 'logs', transport: 'http', attempted_scope: 'OTHER' },
      },
    ]);
    audit.onDisk[0]!();
    expect(await answer).toMatchObject({ ok: true, rejected: [{ items: 3 }] });
  });

  test('below a resource names the scope that was tried there', async () => {
    const { receiver, audit } = await start();
    const items = [logRecord({ id: 'a' }), logRecord({ 'periscope.scope': 'DEEP' })];
    void receiver.sendBytes('logs', encode('logs', request('logs', [{ resource: { a: 'b' }, items }])), 'ACME');
    expect(audit.events).toMatchObject([{ items: 1, details: { attempted_scope: 'DEEP' } }]);
  });

  test('is on the disk before its request goes on, and before it is answered', async () => {
    const { receiver, audit, exporter, graph, plan } = await start();
    let answered: Outcome | undefined;
    void receiver.sendBytes('logs', mixed(), 'ACME').then((outcome) => (answered = outcome));
    await settle();
    expect([answered, exporter.delivered]).toEqual([undefined, []]);
    audit.onDisk[0]!();
    await settle();
    expect([answered?.ok, exporter.delivered]).toEqual([true, ['a', 'b']]);
    expectBalance(graph.ledger(), plan);
  });

  test('that cannot be kept refuses the whole request, where the log fails closed', async () => {
    const { receiver, audit, exporter, graph, plan } = await start();
    const answer = receiver.sendBytes('logs', mixed(), 'ACME');
    audit.onDisk[0]!(FULL);
    expect(await answer).toEqual(FULL);
    expect(exporter.delivered).toEqual([]);
    expectBalance(graph.ledger(), plan);
    expect(graph.ledger().receivers).toMatchObject([
      { received: 5, accepted: 0, rejected: { audit_unavailable: 2, scope_mismatch: 3 } },
    ]);
  });

  test('that waited while the collector stopped is refused and counted', async () => {
    const { receiver, audit, graph, plan } = await start();
    const answer = receiver.sendBytes('logs', mixed(), 'ACME');
    await graph.stop(0);
    audit.onDisk[0]!();
    expect(await answer).toMatchObject({ code: 'SHUTTING_DOWN' });
    expectBalance(graph.ledger(), plan);
  });

  test('costs other requests no wait', async () => {
    const { receiver, exporter } = await start();
    void receiver.sendBytes('logs', mixed(), 'ACME');
    expect(await receiver.send('logs', ids(3), 'ACME')).toEqual({ ok: true });
    expect(exporter.delivered).toEqual(ids(3));
  });
});

test('a log that fails closed refuses every request before its body is read', async () => {
  const { receiver, audit } = await start();
  audit.closed = FULL;
  expect(receiver.intake!.admit(1000)).toBe(FULL);
  audit.closed = undefined;
  expect(receiver.intake!.admit(1000)).toBeUndefined();
});

describe('what a processor changes', () => {
  const sanitize = (input: unknown = undefined) => processorOf('sanitize', () => new Sanitize(sanitizeConfig.parse(input)));
  const dirty = (count: number): Uint8Array =>
    encode(
      'logs',
      request('logs', [
        { resource: { a: 'b' }, items: Array.from({ length: count }, (_, n) => logRecord({ 'bad key': 'x', id: `${n}` })) },
      ]),
    );

  test('is told per request and sender as a count, never per item', async () => {
    const { receiver, audit } = await start([sanitize()]);
    await receiver.sendBytes('logs', dirty(50), 'ACME', undefined, SENDER);
    await receiver.sendBytes('logs', dirty(7), 'ACME', undefined, { head: { remoteAddress: '10.0.0.8' } });
    const event = {
      type: 'METRIC_MUTATION',
      severity: 'INFO',
      action: 'modified',
      result: 'SUCCESS',
      scope: 'ACME',
      component: 'logs sanitize',
    };
    expect(audit.events).toEqual([
      { ...event, user: 'agent-1', client: '10.0.0.7', items: 50 },
      { ...event, user: undefined, client: '10.0.0.8', items: 7 },
    ]);
  });

  test('counts dropped items as deleted', async () => {
    const { receiver, audit } = await start([sanitize({ mode: 'reject' })]);
    await receiver.sendBytes('logs', dirty(4), 'ACME', undefined, SENDER);
    expect(audit.events).toMatchObject([{ action: 'deleted', client: '10.0.0.7', items: 4 }]);
  });

  test('behind batch is no longer one sender’s', async () => {
    const clock = new ManualClock();
    const { receiver, audit } = await start([processorOf('batch', () => batchOf(clock)), sanitize()]);
    await receiver.sendBytes('logs', dirty(3), 'ACME', undefined, SENDER);
    await clock.advance(200);
    expect(audit.events).toMatchObject([{ action: 'modified', scope: 'ACME', client: '*', items: 3 }]);
  });

  test('and clean data tells nothing', async () => {
    const { receiver, audit } = await start([sanitize()]);
    await receiver.send('logs', ids(9), 'ACME');
    expect(audit.events).toEqual([]);
  });
});

describe('data that is gone', () => {
  const never: Outcome = { ok: false, code: 'DESTINATION_REFUSED', retryable: false, message: 'secret: never' };
  test.each([
    ['destination_refused', never, { signal: 'logs', code: 'DESTINATION_REFUSED' }],
    ['retries_exhausted', later, { signal: 'logs', code: later.ok ? '' : later.code }],
  ])('%s: an ERROR of its exporter, with the scope and how many', async (action, outcome, details) => {
    const { receiver, audit } = await start([], new ScriptedExporter(async () => outcome));
    // One item: what cannot be split again.
    await receiver.send('logs', ids(1), 'ACME');
    await settle();
    expect(audit.events).toEqual([
      { type: 'ERROR', severity: 'ERROR', action, result: 'FAILURE', scope: 'ACME', component: 'e', items: 1, details },
    ]);
  });

  test('because a processor broke: an ERROR of that processor', async () => {
    const cursed: Processor = new LossyProcessor(0, 6);
    const { receiver, audit } = await start([processorOf('cursed', () => cursed)]);
    await receiver.sendBytes('logs', requestOf('logs', ids(6)), 'ACME');
    expect(audit.events).toMatchObject([
      { type: 'ERROR', action: 'processor_failed', scope: 'ACME', component: 'cursed', items: 6 },
    ]);
  });
});
