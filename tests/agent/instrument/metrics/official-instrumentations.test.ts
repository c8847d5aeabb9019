import { once } from 'node:events';
import type * as http from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http';
import { UndiciInstrumentation } from '@opentelemetry/instrumentation-undici';
import { afterEach, describe, expect, it } from 'vitest';
import { METRIC_LIMITS } from '../../../../agent/instrument/metrics/limits.ts';
import type { DecodedPoint } from '../../../support/metric-points.ts';
import { OwnEngine } from '../../../support/metric-engine.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function listening(server: http.Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const named = (points: readonly DecodedPoint[], metric: string): DecodedPoint => {
  const found = points.filter((point) => point.metric === metric);
  expect(found).toHaveLength(1);
  return found[0]!;
};

describe('official instrumentations on the own engine, unchanged', () => {
  it('instrumentation-http measures a server and a client', async () => {
    const engine = new OwnEngine();
    process.env['OTEL_SEMCONV_STABILITY_OPT_IN'] = 'http';
    closing.push(() => delete process.env['OTEL_SEMCONV_STABILITY_OPT_IN']);
    const instrumentation = new HttpInstrumentation();
    instrumentation.setMeterProvider(engine.provider);
    closing.push(() => instrumentation.disable());
    // It patches what is required, and that only after it was enabled.
    const patched = createRequire(import.meta.url)('node:http') as typeof http;
    const url = await listening(patched.createServer((_request, response) => response.writeHead(201).end('ok')));
    for (let i = 0; i < 3; i++) {
      const [response] = (await once(patched.get(`${url}/path`), 'response')) as [http.IncomingMessage];
      response.resume();
      await once(response, 'end');
    }
    await new Promise(setImmediate);
    const points = engine.collect();
    const server = named(points, 'http.server.request.duration');
    expect(server).toMatchObject({ type: 'histogram', unit: 's' });
    expect(server.attributes).toMatchObject({
      'http.request.method': 'GET',
      'http.response.status_code': 201,
      'url.scheme': 'http',
    });
    expect(server.tree['count']).toBe(3n);
    // Its advice, not the defaults.
    expect(server.tree['explicitBounds']).toEqual([0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]);
    expect(named(points, 'http.client.request.duration').tree['count']).toBe(3n);
    expect(engine.faults).toEqual([]);
    expect(engine.provider.stats().series).toBeLessThan(METRIC_LIMITS.cardinality);
  });

  it('instrumentation-undici measures fetch', async () => {
    const engine = new OwnEngine();
    const instrumentation = new UndiciInstrumentation();
    instrumentation.setMeterProvider(engine.provider);
    closing.push(() => instrumentation.disable());
    const plain = createRequire(import.meta.url)('node:http') as typeof http;
    const url = await listening(plain.createServer((_request, response) => response.writeHead(404).end()));
    for (let i = 0; i < 2; i++) await (await fetch(url)).text();
    const client = named(engine.collect(), 'http.client.request.duration');
    expect(client.tree['count']).toBe(2n);
    expect(client.attributes).toMatchObject({ 'http.request.method': 'GET', 'http.response.status_code': 404 });
    expect(engine.faults).toEqual([]);
  });
});
