import { afterEach, describe, expect, it } from 'vitest';
import { healthCheck } from '../../../extensions/health_check/index.ts';
import { config } from '../../../extensions/health_check/config.ts';
import { create, healthOf } from '../../../extensions/health_check/health_check.ts';
import type { ComponentState, ComponentStatus } from '../../../pipeline/status.ts';
import type { Extension } from '../../../pipeline/component.ts';
import type { HttpListener } from '../../../pipeline/host.ts';
import { createHost } from '../../../agent/collector/host.ts';
import { exporterRow, ledgerOf } from '../../support/ledger-rows.ts';
import { NO_STATS } from '../../support/no-stats.ts';

const status = (id: string, state: ComponentState, message?: string): ComponentStatus =>
  message === undefined ? { id, kind: 'exporter', state } : { id, kind: 'exporter', state, message };

describe('the health of the whole', () => {
  it.each<[string, ComponentState[]]>([
    ['starting', []],
    ['starting', ['ok', 'starting']],
    ['ok', ['ok', 'ok']],
    ['ok', ['ok', 'recoverable']],
    ['failed', ['ok', 'failed', 'starting']],
    ['stopping', ['ok', 'stopped']],
  ])('%s when its components are %j', (health, states) => {
    expect(healthOf(states.map((state, index) => status(String(index), state)))).toBe(health);
  });
});

describe('the health listener', () => {
  let extension: Extension | undefined;
  afterEach(() => extension?.stop(100));

  async function start(
    components: ComponentStatus[],
    options: Record<string, unknown> = {},
  ): Promise<{ url: string; listener: HttpListener }> {
    const host = createHost();
    const ledger = ledgerOf({ exporters: [exporterRow({ exported: 5, routed: 5 })] });
    host.attach({ ledger: () => ledger, status: () => components, stats: () => NO_STATS, queueShare: () => undefined });
    const log = { info() {}, warn() {}, error() {}, limited() {} };
    const clock = { now: () => Date.now(), after: () => () => {} };
    extension = create(config.parse({ endpoint: '127.0.0.1:0', ...options }), {
      id: 'health_check',
      host,
      clock,
      random: Math.random,
      log,
    });
    await extension.start();
    const { listener } = host.listeners[0]!;
    return { url: listener.url, listener };
  }

  it('answers 200 with status, uptime and components while all is well', async () => {
    const { url } = await start([status('otlp_http', 'ok')]);
    const answer = await fetch(url);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('application/json');
    expect(await answer.json()).toEqual({
      status: 'ok',
      uptimeSeconds: 0,
      components: [{ id: 'otlp_http', kind: 'exporter', state: 'ok' }],
    });
  });

  it('answers 503 and says what is wrong when a component has failed', async () => {
    const { url } = await start([status('file', 'failed', 'cannot write x: denied')]);
    const answer = await fetch(url);
    expect(answer.status).toBe(503);
    expect(await answer.json()).toMatchObject({ status: 'failed', components: [{ message: 'cannot write x: denied' }] });
  });

  it('serves the counters at /ledger', async () => {
    const { url } = await start([]);
    expect(await (await fetch(`${url}/ledger`)).json()).toMatchObject({ exporters: [{ exporter: 'debug', exported: 5 }] });
  });

  it('keeps the counters to itself when told so, as on any address that is not local', async () => {
    const { url } = await start([status('a', 'ok')], { ledger: false });
    expect((await fetch(`${url}/ledger`)).status).toBe(404);
    expect(config.parse({ endpoint: '0.0.0.0:13133', auth: 'none' }).ledger).toBe(false);
    expect(config.parse({ endpoint: '0.0.0.0:13133', auth: 'none', ledger: true }).ledger).toBe(true);
    expect(['localhost:1', '127.0.0.1:1', '[::1]:1'].map((endpoint) => config.parse({ endpoint }).ledger)).toEqual([
      true,
      true,
      true,
    ]);
  });

  it('does not listen where other machines reach it unless that is written out', () => {
    expect(config.safeParse({ endpoint: '0.0.0.0:13133' }).error?.issues[0]?.message).toContain('write auth: none');
  });

  it('has one path and reads only', async () => {
    const { url } = await start([status('a', 'ok')], { path: '/health' });
    expect((await fetch(`${url}/health`, { method: 'HEAD' })).status).toBe(200);
    expect((await fetch(`${url}/`)).status).toBe(404);
    const answer = await fetch(`${url}/health`, { method: 'POST' });
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  });

  it('stops without start, and twice', async () => {
    await start([]);
    await extension?.stop(100);
    await extension?.stop(100);
    const log = { info() {}, warn() {}, error() {}, limited() {} };
    await create(config.parse(null), {
      id: 'x',
      host: createHost(),
      clock: { now: () => 0, after: () => () => {} },
      random: Math.random,
      log,
    }).stop(0);
  });
});

it('is declared with its schema and loads its code on demand', async () => {
  expect(healthCheck).toMatchObject({ kind: 'extension', type: 'health_check', config });
  expect((await healthCheck.load?.())?.create).toBe(create);
});
