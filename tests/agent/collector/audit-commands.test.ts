import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { auditRotateKey, auditSearch, auditVerify, type AuditSearchOptions } from '../../../agent/collector/audit-commands.ts';
import { createHost } from '../../../agent/collector/host.ts';
import { create } from '../../../extensions/audit/audit.ts';
import { config } from '../../../extensions/audit/config.ts';
import { segmentPath } from '../../../extensions/audit/segment.ts';
import { change, violation } from '../../support/audit-logs.ts';
import { MINIMAL } from '../../support/config.ts';
import { quietContext } from '../../support/contexts.ts';

let storage: string;
beforeEach(async () => {
  storage = await mkdtemp(join(tmpdir(), 'periscope-audit-'));
  const host = createHost(join(storage, '.periscope'));
  const extension = create(config.parse({}), { ...quietContext(), host });
  await extension.start();
  for (const client of ['10.0.0.1', '10.0.0.2', '10.0.0.1']) host.audit.record(violation(client));
  host.audit.record(change(1, { details: { what: 'a\u001b[2Jb' } }));
  await extension.stop(1000);
  await writeFile(join(storage, 'periscope.yaml'), MINIMAL);
});
afterEach(() => rm(storage, { recursive: true, force: true }));

const search = (options: Partial<AuditSearchOptions> = {}): Promise<string> =>
  auditSearch({ config: [join(storage, 'periscope.yaml')], set: [], limit: '100', format: 'table', ...options });

describe('audit search', () => {
  it('finds the log by the configuration and shows what matches, with exact counts', async () => {
    const text = await search({ scope: 'ACME', type: 'SCOPE_VIOLATION', client: '10.0.0.1', since: '1h' });
    const lines = text.split('\n');
    expect(lines).toHaveLength(5);
    expect(lines[0]).toMatch(/^TIME +SEVERITY +TYPE +ACTION +SCOPE +CLIENT/);
    expect(lines[1]).toMatch(/^\d{4}-\S+Z +CRITICAL +SCOPE_VIOLATION +scope_mismatch +ACME +10\.0\.0\.1 +- +1 +3/);
    expect(lines[4]).toBe('2 of 7 records match: 2 events, 6 items');
  });

  it('shows the last ones when there are more', async () => {
    expect(await search({ limit: '2' })).toMatch(/ stopped [\s\S]*; the last 2 are shown$/);
  });

  it('says so when nothing matches', async () => {
    expect(await search({ scope: 'NONE' })).toBe('0 of 7 records match: 0 events, 0 items');
  });

  it('gives programs a record a line', async () => {
    const lines = (await search({ format: 'json', type: 'SCOPE_VIOLATION' })).split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { client: string }).client)).toEqual(['10.0.0.1', '10.0.0.2', '10.0.0.1']);
  });

  it.each([
    ['since', 'yesterday'],
    ['until', '31.01.2026'],
    ['limit', 'ten'],
  ])('says what is wrong with --%s %s', async (option, text) => {
    await expect(search({ [option]: text })).rejects.toThrow(new RegExp(`^cannot search: --${option} ${text} is n`));
  });

  it('takes times and how long ago', async () => {
    const now = Date.now();
    const matches = async (options: Partial<AuditSearchOptions>): Promise<string> =>
      (await search({ ...options, limit: '0' })).split(' ')[0]!;
    expect(await matches({ since: new Date(now + 3_600_000).toISOString() })).toBe('0');
    expect(await matches({ since: '7d', until: new Date(now + 3_600_000).toISOString() })).toBe('7');
    expect(await matches({ until: '1h30m' })).toBe('0');
  });

  it('names a folder that is not there', async () => {
    await expect(search({ directory: join(storage, 'none') })).rejects.toThrow(
      /^cannot read the audit log: there is no folder .*none/,
    );
  });
});

describe('audit verify', () => {
  const verify = (options: Record<string, unknown> = {}) =>
    auditVerify({ config: [join(storage, 'periscope.yaml')], set: [], ...options });

  it('says what holds', async () => {
    const { ok, text } = await verify();
    expect(ok).toBe(true);
    expect(text).toMatch(
      /: 7 records in 1 segments are as they were written, up to record 6\n {2}1 checkpoints hold \(the last one at record 6\), signed by sha256:/,
    );
  });

  it('names the first bad record, with nothing that moves a cursor', async () => {
    const path = segmentPath(join(storage, '.periscope', 'audit'), 1);
    await writeFile(path, (await readFile(path, 'utf8')).replace('"items":3', '"items":2'));
    const { ok, text } = await verify();
    expect(ok).toBe(false);
    expect(text).toMatch(/: NOT as it was written\n {2}segment-00000001\.jsonl line 3: record 2: /);
    // eslint-disable-next-line no-control-regex -- that is what it is about
    expect(text).not.toMatch(/\u001b/);
  });

  it('works on a copy, with a key and checkpoints from elsewhere', async () => {
    const copy = join(storage, 'copy');
    await rename(join(storage, '.periscope', 'audit'), copy);
    await expect(verify({ directory: copy })).rejects.toThrow(/^cannot read the public key .*name it with --public-key/);
    const publicKey = join(storage, '.periscope', 'audit-public-key.pem');
    expect(await verify({ directory: copy, publicKey, checkpoint: [join(copy, 'checkpoints.jsonl')] })).toMatchObject({
      ok: true,
    });
    await expect(verify({ directory: copy, publicKey, checkpoint: [publicKey] })).rejects.toThrow(/it holds none$/);
    await expect(verify({ directory: copy, publicKey, checkpoint: [join(copy, 'none')] })).rejects.toThrow(
      /^cannot read the checkpoints/,
    );
  });
});

describe('audit rotate-key', () => {
  const config = () => ({ config: [join(storage, 'periscope.yaml')], set: [] });

  it('says which key signs from which record on; the log verifies by the new key and by a copy of the old one', async () => {
    const copy = join(storage, 'copy.pem');
    await writeFile(copy, await readFile(join(storage, '.periscope', 'audit-public-key.pem')));
    const said = await auditRotateKey(config());
    expect(said).toMatch(
      /: from record 9 on sha256:\w{64} signs\n {2}before: sha256:\w{64}, which is gone; it has endorsed the new one/,
    );
    for (const more of [{}, { publicKey: copy }]) {
      const { ok, text } = await auditVerify({ ...config(), ...more });
      expect([ok, text]).toEqual([true, expect.stringMatching(/signed by sha256:\w{64}, then sha256:\w{64}/)]);
    }
  });

  it('follows rotations that were kept elsewhere', async () => {
    await auditRotateKey(config());
    const folder = join(storage, '.periscope', 'audit');
    const kept = join(storage, 'kept.jsonl');
    await rename(join(folder, 'checkpoints.jsonl'), kept);
    expect(await auditVerify(config())).toMatchObject({ ok: false });
    expect(await auditVerify({ ...config(), checkpoint: [kept] })).toMatchObject({ ok: true });
  });

  it('says so when there is no key', async () => {
    await rm(join(storage, '.periscope', 'audit-key.pem'));
    await expect(auditRotateKey(config())).rejects.toThrow(
      /^cannot change the key of the audit log: .*audit-key\.pem is not there$/,
    );
  });
});
