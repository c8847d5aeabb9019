import { execFile } from 'node:child_process';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { LIMITS } from '../../pipeline/limits.ts';
import type { LedgerSnapshot } from '../../pipeline/ledger.ts';
import { encode, numbered } from '../support/build.ts';
import { Authority } from '../support/certificates.ts';
import { Collector, MAIN } from '../support/collector.ts';
import { temporaryFolders } from '../support/temporary.ts';

const run = promisify(execFile);
const folder = temporaryFolders();
const authority = new Authority();
const FLOOD = 2000;

/** A gateway for two tenants, with TLS and a secret in its configuration. */
const yaml = (certificates: string, secret: string): string => `
auth: { tokens: { secret: ${secret} } }
storage: { directory: $FOLDER/state }
scopes: { ACME: , GLOBEX: }
receivers:
  otlp:
    protocols:
      http:
        endpoint: 127.0.0.1:0
        auth: token
        tls: { cert_file: ${certificates}/cert.pem, key_file: ${certificates}/key.pem }
exporters:
  file: { path: '$FOLDER/{scope}/out.jsonl' }
extensions:
  dashboard: { endpoint: 127.0.0.1:0 }
service:
  ack: delivered
  extensions: [dashboard]
  pipelines:
    logs: { receivers: [otlp], exporters: [file] }
`;

const body = (scope?: string): Uint8Array =>
  encode('logs', numbered('logs', 5, { 'service.name': 'x', ...(scope === undefined ? {} : { 'periscope.scope': scope }) }));

it(
  'a gateway takes each tenant by its token, over TLS, tells each its own, and says no secret',
  { timeout: 120_000 },
  async () => {
    const certificates = folder();
    const { cert, key } = authority.issueServer();
    writeFileSync(join(certificates, 'cert.pem'), cert);
    writeFileSync(join(certificates, 'key.pem'), key, { mode: 0o600 });
    const secret = 'do-not-tell-anybody-do-not-tell-anybody';
    await using collector = await Collector.start(yaml(certificates, secret));
    const config = join(collector.folder, 'periscope.yaml');
    const cli = async (...args: string[]): Promise<string> =>
      (await run(process.execPath, [MAIN, ...args, '--config', config])).stdout.trim();
    const tokenFor = (scopes: string, permissions = 'ingest'): Promise<string> =>
      cli('token', 'create', '--subject', `sender of ${scopes}`, '--scopes', scopes, '--permissions', permissions);
    const agent = new Agent({ keepAlive: true, maxSockets: 1, ca: authority.cert });
    const send = (token: string, what: Uint8Array): Promise<number> =>
      new Promise((resolve, reject) => {
        const headers = { 'content-type': 'application/x-protobuf', authorization: `Bearer ${token}` };
        const sent = request(`${collector.url('otlp')}/v1/logs`, { method: 'POST', agent, headers }, (response) => {
          response.resume();
          response.on('end', () => resolve(response.statusCode ?? 0));
        });
        sent.on('error', reject);
        sent.end(what);
      });

    expect(collector.url('otlp')).toMatch(/^https:/);
    const [acme, both, reader] = [await tokenFor('ACME'), await tokenFor('ACME,GLOBEX'), await tokenFor('GLOBEX', 'query')];
    expect(await send(acme, body())).toBe(200);
    expect(await send(acme, body('GLOBEX'))).toBe(200); // all of it rejected
    expect(await send(both, Buffer.concat([body('ACME'), body('GLOBEX'), body()]))).toBe(200);
    expect(await send(reader, body())).toBe(403);

    const statuses: number[] = [];
    for (let at = 0; at < FLOOD; at += 1) statuses.push(await send(`a.${at}.b`, body()));
    expect(statuses.filter((status) => status === 401)).toHaveLength(LIMITS.authFailures + 1);
    expect(statuses.filter((status) => status === 429)).toHaveLength(FLOOD - LIMITS.authFailures - 1);
    expect(await send(acme, body())).toBe(200);

    const tokenFile = join(collector.folder, 'state/token');
    expect(statSync(tokenFile).mode & 0o777).toBe(0o600);
    const ledger = async (token: string): Promise<LedgerSnapshot> => {
      const response = await fetch(`${collector.url('dashboard')}/api/v1/ledger`, {
        headers: { authorization: `Bearer ${token}` },
      });
      return (await response.json()) as LedgerSnapshot;
    };
    const owner = readFileSync(tokenFile, 'utf8').trim();
    const { receivers, exporters } = await ledger(owner);
    const count = (scope: string) => receivers.find((row) => row.scope === scope);
    expect(count('ACME')).toMatchObject({ accepted: 15, rejected: expect.objectContaining({ scope_mismatch: 5 }) as object });
    expect(count('GLOBEX')).toMatchObject({ accepted: 5 });
    expect(exporters.map(({ scope, exported }) => [scope, exported]).toSorted()).toEqual([
      ['ACME', 15],
      ['GLOBEX', 5],
    ]);
    // The reader showed its token before the flood came from the same address, so it is known and goes on.
    expect((await ledger(reader)).receivers.map(({ scope }) => scope)).toEqual(['GLOBEX']);
    for (const scope of ['ACME', 'GLOBEX']) {
      const other = scope === 'ACME' ? 'GLOBEX' : 'ACME';
      expect(readFileSync(join(collector.folder, scope, 'out.jsonl'), 'utf8')).not.toContain(other);
    }

    await cli('token', 'revoke', acme);
    while ((await send(acme, body())) === 200) await new Promise((resolve) => setTimeout(resolve, 50));
    const printed = await cli('print-config', '--with-defaults');
    expect(await collector.stop()).toEqual({ code: 0, signal: null });
    agent.destroy();
    expect(existsSync(tokenFile)).toBe(false);
    for (const text of [printed, collector.output])
      for (const hidden of [secret, acme, both, reader, owner]) expect(text).not.toContain(hidden);
  },
);
