import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { auditSearch, auditVerify } from '../../agent/collector/audit-commands.ts';
import { searchLog } from '../../extensions/audit/search.ts';
import { encode, logRecord, request } from '../support/build.ts';
import { recordsIn } from '../support/audit-logs.ts';
import { Collector, yamlOf } from '../support/collector.ts';

const EXPORTERS = '  debug: { verbosity: basic }\n';
const yaml = (audit = ''): string =>
  yamlOf({ exporters: EXPORTERS, processors: '  sanitize:\n', chain: ['sanitize'] })
    .replace('extensions:\n  health_check:', `extensions:\n  audit: { ${audit} }\n  health_check:`)
    .replace('extensions: [health_check]', 'extensions: [audit, health_check]');
const env = { DASHBOARD_SCOPE: 'ENTERPRISE' };
const folderOf = (collector: Collector): string => join(collector.folder, '.periscope', 'audit');
const options = (collector: Collector) => ({ config: [join(collector.folder, 'periscope.yaml')], set: [] });

/** `good` records without a claim, one with a key to be cleaned, `bad` that claim another scope. */
const mixed = (good: number, bad: number): Uint8Array =>
  encode(
    'logs',
    request('logs', [
      {
        resource: { 'service.name': 'x' },
        items: [...Array.from({ length: good }, () => logRecord({})), logRecord({ 'bad key': 'x' })],
      },
      { resource: { 'periscope.scope': 'DEVELOPMENT' }, items: Array.from({ length: bad }, () => logRecord({})) },
    ]),
  );

async function ledgerCount(collector: Collector, reason: string): Promise<number> {
  return (await collector.ledger()).receivers.reduce((sum, row) => sum + (row.rejected[reason] ?? 0), 0);
}

const canLimit = process.platform === 'linux' && spawnSync('prlimit', ['--version']).status === 0;

/** No file of the process may grow past this: what a full disk is like, without filling one. */
function limitFiles(collector: Collector, bytes: number | 'unlimited'): void {
  const { status, stderr } = spawnSync('prlimit', ['--pid', String(collector.pid), `--fsize=${bytes}:unlimited`], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`cannot limit the files of the collector: ${stderr}`);
}

describe.skipIf(!canLimit)('a disk that takes no more (needs prlimit)', () => {
  const health = async (collector: Collector): Promise<[number, string]> => {
    const answer = await fetch(collector.url('health_check'));
    return [answer.status, await answer.text()];
  };
  const clean = encode('logs', request('logs', [{ resource: { 'service.name': 'x' }, items: [logRecord({})] }]));

  it('on_failure: refuse: every sender gets 503 and is let in again by itself; nothing of it is missing in the log', async () => {
    await using collector = await Collector.start(yaml('on_failure: refuse'), { env });
    expect((await collector.send('/v1/logs', clean)).status).toBe(200);
    limitFiles(collector, 1);
    const refused = await collector.send('/v1/logs', mixed(1, 2));
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
    expect((await collector.send('/v1/logs', clean)).status).toBe(503);
    const [status, text] = await health(collector);
    expect(status).toBe(503);
    expect(JSON.parse(text)).toMatchObject({
      components: expect.arrayContaining([
        expect.objectContaining({ id: 'audit', state: 'failed', message: expect.stringContaining('EFBIG') }),
      ]),
    });
    limitFiles(collector, 'unlimited');
    while ((await collector.send('/v1/logs', clean)).status !== 200) await new Promise((resolve) => setTimeout(resolve, 20));
    expect((await health(collector))[0]).toBe(200);
    expect(await ledgerCount(collector, 'scope_mismatch')).toBe(2);
    await collector.stop();
    expect((await searchLog(folderOf(collector), { type: 'SCOPE_VIOLATION' }, 10)).items).toBe(2);
    expect((await recordsIn(folderOf(collector))).map(({ action }) => action)).toContain('resumed');
    expect(await auditVerify(options(collector))).toMatchObject({ ok: true });
  });

  it('on_failure: continue: data is taken, and the collector is unhealthy', async () => {
    await using collector = await Collector.start(yaml(), { env });
    limitFiles(collector, 1);
    expect((await collector.send('/v1/logs', mixed(1, 2))).status).toBe(200);
    expect((await collector.send('/v1/logs', clean)).status).toBe(200);
    expect((await health(collector))[0]).toBe(503);
  });
});

describe('the audit log of a collector', () => {
  it('adds up to what the ledger counts, tells each sender, and is proven', async () => {
    await using collector = await Collector.start(yaml(), { env });
    const answers = await Promise.all(Array.from({ length: 200 }, (_, n) => collector.send('/v1/logs', mixed(3, 1 + (n % 5)))));
    expect(answers.every(({ status }) => status === 200)).toBe(true);
    const counted = await ledgerCount(collector, 'scope_mismatch');
    expect(counted).toBe(600);
    expect(await collector.stop()).toEqual({ code: 0, signal: null });

    const { items, records } = await searchLog(
      folderOf(collector),
      { type: 'SCOPE_VIOLATION', scope: 'ENTERPRISE', client: '127.0.0.1' },
      1000,
    );
    expect(items).toBe(counted);
    expect(records.length).toBeLessThan(100);
    expect(records[0]).toMatchObject({
      component: 'otlp',
      details: { attempted_scope: 'DEVELOPMENT', signal: 'logs', transport: 'http' },
    });
    const mutations = await searchLog(folderOf(collector), { type: 'METRIC_MUTATION', client: '127.0.0.1' }, 1000);
    expect([mutations.items, mutations.events]).toEqual([200, 200]);
    expect(mutations.records.length).toBeLessThan(50);
    expect(await auditSearch({ ...options(collector), type: 'CONFIG_CHANGE', limit: '9', format: 'table' })).toMatch(
      /started .*config_sha256=[0-9a-f]{64}/,
    );
    const { ok, text } = await auditVerify(options(collector));
    expect([ok, text]).toEqual([true, expect.stringContaining('are as they were written')]);
    expect(text).not.toContain('note:');
  });

  it('has the first violation of a kind on the disk when its sender is answered, whatever happens to the process then', async () => {
    await using collector = await Collector.start(yaml(), { env });
    expect((await collector.send('/v1/logs', mixed(1, 2))).status).toBe(200);
    collector.process.kill('SIGKILL');
    await collector.exited;
    const violations = (await recordsIn(folderOf(collector))).filter(({ type }) => type === 'SCOPE_VIOLATION');
    expect(violations).toMatchObject([{ items: 2, result: 'FAILURE' }]);
  });

  it('goes on after kill -9 under load, and says so', async () => {
    await using collector = await Collector.start(yaml('batch_size: 1'), { env });
    // Where exactly it dies is chance here; tests/extensions/audit/recovery.test.ts tries every byte.
    let isSending = true;
    const senders = Array.from({ length: 8 }, async () => {
      while (isSending) await collector.send('/v1/logs', mixed(1, 1)).catch(() => (isSending = false));
    });
    await new Promise((resolve) => setTimeout(resolve, 300));
    collector.process.kill('SIGKILL');
    await Promise.all(senders);
    await collector.exited;
    const again = spawn(process.execPath, collector.process.spawnargs.slice(1), {
      cwd: collector.folder,
      env: { ...process.env, ...env },
    });
    try {
      let said = '';
      for (const stream of [again.stdout, again.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
      const exited = new Promise((resolve) => again.once('close', resolve));
      while (!said.includes('is running')) await new Promise((resolve) => setTimeout(resolve, 5));
      again.kill('SIGTERM');
      await exited;
      expect(said).toMatch(/the audit log in .*: recovered \(torn_bytes \d+, after_seq \d+\)/);
    } finally {
      again.kill('SIGKILL');
    }
    expect(await auditVerify(options(collector))).toMatchObject({ ok: true });
    expect((await recordsIn(folderOf(collector))).filter(({ action }) => action === 'recovered')).toHaveLength(1);
  });

  it('is not there without the extension: nothing is written', async () => {
    await using collector = await Collector.start(yamlOf({ exporters: EXPORTERS }), { env });
    expect((await collector.send('/v1/logs', mixed(1, 2))).status).toBe(200);
    await collector.stop();
    expect(existsSync(join(collector.folder, '.periscope'))).toBe(false);
  });

  it('is searched while it is written', async () => {
    await using collector = await Collector.start(yaml(), { env });
    await collector.send('/v1/logs', mixed(1, 2));
    expect((await searchLog(folderOf(collector), { type: 'SCOPE_VIOLATION' }, 10)).items).toBe(2);
    const { ok, text } = await auditVerify(options(collector));
    expect([ok, text]).toEqual([true, expect.stringContaining('no checkpoint signs records 0 to')]);
    expect(await readFile(join(folderOf(collector), 'lock'), 'utf8')).toContain(String(collector.pid));
  });
});
