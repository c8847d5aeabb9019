import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { SIGNALS } from '../../pipeline/signal.ts';
import { Collector, GRPC_RECEIVER, yamlOf } from '../support/collector.ts';
import { attributeOf, itemsOf } from '../support/items.ts';
import { OtlpSink } from '../support/otlp-sink.ts';
import { peer } from '../support/peers.ts';
import { decode } from '../support/reference/otlp.ts';
import { ROOT } from '../support/tree.ts';

const run = promisify(execFile);
const python = peer('python');
const COUNT = 1500;

describe.skipIf(python.missing)(`the OpenTelemetry Python SDK${python.note}`, () => {
  it.each(['HTTP', 'gRPC'])(
    'has every data point, span and log record delivered over %s, by gzip, deflate and plain',
    async (protocol) => {
      const sink = await OtlpSink.start();
      try {
        const exporters = `  otlp_http: { endpoint: "${sink.url}" }\n`;
        await using collector = await Collector.start(
          yamlOf({ exporters, processors: '  sanitize:\n  batch:\n', receiver: GRPC_RECEIVER, chain: ['sanitize', 'batch'] }),
          { env: { DASHBOARD_SCOPE: 'ENTERPRISE' } },
        );
        const where = protocol === 'gRPC' ? [collector.grpcUrl, String(COUNT), 'grpc'] : [collector.url(), String(COUNT)];
        const { stderr } = await run(python.path, [join(ROOT, 'tests/support/python/send.py'), ...where], { timeout: 50_000 });
        expect(stderr).not.toMatch(/error|failed/i);
        await collector.stop();
        for (const signal of SIGNALS) {
          const items = sink.bodies(signal).flatMap((body) => itemsOf(signal, decode(signal, body)));
          const numbers = items.map(({ item }) => Number(attributeOf(item, 'n'))).sort((a, b) => a - b);
          expect(numbers, signal).toEqual(Array.from({ length: COUNT }, (_, n) => n));
          expect(new Set(items.map(({ resource }) => attributeOf(resource, 'service.name')))).toEqual(new Set(['sdk-python']));
        }
      } finally {
        await sink.close();
      }
    },
  );
});
