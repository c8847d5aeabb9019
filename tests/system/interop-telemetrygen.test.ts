import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { SIGNALS } from '../../pipeline/signal.ts';
import { Authority } from '../support/certificates.ts';
import { Collector, GRPC_RECEIVER, yamlOf } from '../support/collector.ts';
import { attributeOf, itemsOf } from '../support/items.ts';
import { OtlpSink } from '../support/otlp-sink.ts';
import { peer } from '../support/peers.ts';
import { decode } from '../support/reference/otlp.ts';
import { temporaryFolders } from '../support/temporary.ts';
import { SECRET, tokenOf } from '../support/tokens.ts';

const run = promisify(execFile);
const telemetrygen = peer('telemetrygen');

describe.skipIf(telemetrygen.missing).each(['HTTP', 'gRPC'])(`telemetrygen over %s${telemetrygen.note}`, (protocol) => {
  it.each(SIGNALS)('has every item of its %s delivered', async (signal) => {
    const sink = await OtlpSink.start();
    try {
      const exporters = `  otlp_http: { endpoint: "${sink.url}" }\n`;
      await using collector = await Collector.start(
        yamlOf({ exporters, processors: '  sanitize:\n  batch:\n', receiver: GRPC_RECEIVER, chain: ['sanitize', 'batch'] }),
        { env: { DASHBOARD_SCOPE: 'ENTERPRISE' } },
      );
      const endpoint = (protocol === 'gRPC' ? collector.grpcUrl : collector.url()).replace('http://', '');
      const args = [
        signal,
        ...(protocol === 'gRPC' ? [] : ['--otlp-http']),
        '--otlp-insecure',
        '--otlp-endpoint',
        endpoint,
        `--${signal}`,
        '500',
        '--workers',
        '2',
        '--rate',
        '0',
      ];
      await run(telemetrygen.path, args, { timeout: 30_000 });
      await collector.stop();
      const items = sink.bodies(signal).flatMap((body) => itemsOf(signal, decode(signal, body)));
      // A trace of telemetrygen is a parent and one child.
      expect(items).toHaveLength(signal === 'traces' ? 2000 : 1000);
      expect(new Set(items.map(({ resource }) => attributeOf(resource, 'periscope.scope')))).toEqual(new Set(['ENTERPRISE']));
    } finally {
      await sink.close();
    }
  });
});

describe.skipIf(telemetrygen.missing)(`telemetrygen over gRPC and TLS${telemetrygen.note}`, () => {
  const folder = temporaryFolders();

  it.each(['a token', 'a client certificate'])('is known by %s, and its items arrive under its scope', async (method) => {
    const authority = new Authority();
    const directory = folder();
    const file = (name: string, text: string): string => {
      const path = join(directory, name);
      writeFileSync(path, text, { mode: 0o600 });
      return path;
    };
    const server = authority.issueServer();
    const agent = authority.issue({ subject: { CN: 'agent-1' } });
    const [ca, cert, key] = [file('ca.pem', authority.cert), file('server.pem', server.cert), file('server.key', server.key)];
    const byToken = method === 'a token';
    const receiver =
      `${GRPC_RECEIVER}        auth: ${byToken ? 'token' : 'certificate'}\n` +
      `        tls: { cert_file: ${cert}, key_file: ${key}${byToken ? '' : `, client_ca_file: ${ca}`} }\n`;
    const auth = byToken
      ? `auth: { tokens: { secret_file: ${file('secret', SECRET)} } }\n`
      : 'auth: { certificates: { "CN=agent-1": { scopes: [DEVELOPMENT] } } }\n';
    const sink = await OtlpSink.start();
    try {
      await using collector = await Collector.start(
        auth + yamlOf({ exporters: `  otlp_http: { endpoint: "${sink.url}" }\n`, receiver }),
      );
      const endpoint = new URL(collector.grpcUrl).host;
      const shown = byToken
        ? ['--otlp-header', `authorization="Bearer ${await tokenOf({ claims: { scopes: ['DEVELOPMENT'] } })}"`]
        : ['--mtls', '--client-cert', file('agent.pem', agent.cert), '--client-key', file('agent.key', agent.key)];
      const args = ['logs', '--otlp-endpoint', endpoint, '--ca-cert', ca, '--logs', '200', '--rate', '0'];
      await run(telemetrygen.path, [...args, ...shown], { timeout: 30_000 });
      await expect(
        run(telemetrygen.path, [...args, '--otlp-header', 'authorization="Bearer none"'], { timeout: 30_000 }),
      ).rejects.toThrow(/Unauthenticated|certificate required|connection/);
      await collector.stop();
      const items = sink.bodies('logs').flatMap((body) => itemsOf('logs', decode('logs', body)));
      expect(items).toHaveLength(200);
      expect(new Set(items.map(({ resource }) => attributeOf(resource, 'periscope.scope')))).toEqual(new Set(['DEVELOPMENT']));
    } finally {
      await sink.close();
    }
  });
});
