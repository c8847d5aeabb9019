import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ServerCredentials } from '@grpc/grpc-js';
import { afterEach, describe, expect, test } from 'vitest';
import { otlpExporter } from '../../../exporters/otlp/index.ts';
import { create } from '../../../exporters/otlp/otlp.ts';
import type { Outcome } from '../../../pipeline/component.ts';
import { encode, numbered } from '../../support/build.ts';
import { Authority, type Identity } from '../../support/certificates.ts';
import { quietContext } from '../../support/contexts.ts';
import { GrpcSink } from '../../support/grpc-sink.ts';
import { scopedBatch } from '../../support/scoped-batches.ts';
import { temporaryFolders } from '../../support/temporary.ts';

const authority = new Authority();
const folder = temporaryFolders();
const logs = scopedBatch('logs', [encode('logs', numbered('logs', 3))], 3);

describe('the otlp exporter over TLS', () => {
  const closers: (() => unknown)[] = [];
  afterEach(async () => {
    for (const close of closers.splice(0).toReversed()) await close();
  });

  async function sinkOf(identity: Identity, clientCa?: string): Promise<GrpcSink> {
    const pair = { private_key: Buffer.from(identity.key), cert_chain: Buffer.from(identity.cert) };
    const ca = clientCa === undefined ? null : Buffer.from(clientCa);
    const sink = await GrpcSink.start(undefined, ServerCredentials.createSsl(ca, [pair], clientCa !== undefined));
    closers.push(() => sink.close());
    return sink;
  }
  async function start(endpoint: string, tls: Readonly<Record<string, unknown>>): Promise<() => Promise<Outcome>> {
    const exporter = create(otlpExporter.config.parse({ endpoint, tls }), quietContext());
    await exporter.start();
    closers.push(() => exporter.stop(0));
    return () => exporter.send(logs, new AbortController().signal);
  }

  test('is what an endpoint without a scheme means; ca_file says whom to trust', async () => {
    const sink = await sinkOf(authority.issueServer());
    const ca_file = join(folder(), 'ca.pem');
    writeFileSync(ca_file, authority.cert);
    expect(await (await start(sink.endpoint, { ca_file }))()).toEqual({ ok: true });
    expect(await (await start(`https://${sink.endpoint}`, { ca_file, insecure: true }))()).toEqual({ ok: true });
    expect(sink.requests).toHaveLength(2);
  });

  test('a destination that nobody we trust vouches for gets nothing', async () => {
    const sink = await sinkOf(authority.issueServer());
    for (const tls of [{}, { ca_pem: new Authority().cert }]) {
      const outcome = await (await start(sink.endpoint, tls))();
      expect(outcome).toMatchObject({ ok: false, code: 'UNAVAILABLE', retryable: true });
      expect(outcome).toHaveProperty('message', expect.stringMatching(/certificate|signature/));
    }
    expect(sink.requests).toEqual([]);
    expect(await (await start(sink.endpoint, { insecure_skip_verify: true }))()).toEqual({ ok: true });
  });

  test('the certificate must be of the destination, or of server_name_override', async () => {
    const sink = await sinkOf(authority.issue({ dns: ['collector.example.com'] }));
    const outcome = await (await start(sink.endpoint, { ca_pem: authority.cert }))();
    expect(outcome).toMatchObject({ ok: false, retryable: true });
    const tls = { ca_pem: authority.cert, server_name_override: 'collector.example.com' };
    expect(await (await start(sink.endpoint, tls))()).toEqual({ ok: true });
  });

  test('our own certificate is shown where one is asked for', async () => {
    const sink = await sinkOf(authority.issueServer(), authority.cert);
    const own = authority.issue({ subject: { CN: 'periscope' } });
    const without = await (await start(sink.endpoint, { ca_pem: authority.cert }))();
    expect(without).toMatchObject({ ok: false, retryable: true });
    const tls = { ca_pem: authority.cert, cert_pem: own.cert, key_pem: own.key };
    expect(await (await start(sink.endpoint, tls))()).toEqual({ ok: true });
    expect(sink.requests).toHaveLength(1);
  });

  test('TLS to a server that speaks none says what to set', async () => {
    const plain = await GrpcSink.start();
    closers.push(() => plain.close());
    expect(await (await start(plain.endpoint, {}))()).toMatchObject({
      ok: false,
      code: 'UNAVAILABLE',
      message: expect.stringContaining('tls.insecure: true'),
    });
  });

  test('plain text to a server that wants TLS is refused for now, and says so', async () => {
    const sink = await sinkOf(authority.issueServer());
    expect(await (await start(`http://${sink.endpoint}`, {}))()).toMatchObject({
      ok: false,
      code: 'UNAVAILABLE',
      retryable: true,
    });
  });

  test('a missing file stops the start', async () => {
    await expect(start('localhost:4317', { ca_file: '/nowhere/ca.pem' })).rejects.toThrow('cannot read ca_file /nowhere/ca.pem');
  });

  test('changed files are taken without a restart', async () => {
    const sink = await sinkOf(authority.issueServer());
    const ca_file = join(folder(), 'ca.pem');
    writeFileSync(ca_file, new Authority().cert);
    const send = await start(sink.endpoint, { ca_file, reload_interval: '10ms' });
    expect(await send()).toMatchObject({ ok: false });
    writeFileSync(ca_file, authority.cert);
    let outcome = await send();
    while (!outcome.ok) {
      await new Promise((resolve) => setTimeout(resolve, 10));
      outcome = await send();
    }
    expect(sink.requests).toHaveLength(1);
  });
});
