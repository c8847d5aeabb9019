import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { SIGNALS } from '../../pipeline/signal.ts';
import { Collector, GRPC_RECEIVER, yamlOf } from '../support/collector.ts';
import { attributeOf, itemsOf } from '../support/items.ts';
import { OtlpSink } from '../support/otlp-sink.ts';
import { peer } from '../support/peers.ts';
import { decode } from '../support/reference/otlp.ts';

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
