import { describe, expect, test } from 'vitest';
import { addressOf } from '../../../exporters/otlp/config.ts';
import { otlpExporter } from '../../../exporters/otlp/index.ts';

const parse = (input: unknown) => otlpExporter.config.safeParse(input);
const faults = (input: unknown): string[] =>
  parse(input).error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) ?? [];

describe('the config of the otlp exporter', () => {
  test("defaults are the collector's: gzip, TLS, 5 s", () => {
    expect(parse({ endpoint: 'collector:4317' }).data).toMatchObject({
      compression: 'gzip',
      timeout: 5000,
      tls: { insecure: false, insecure_skip_verify: false },
      sending_queue: { enabled: true, num_consumers: 10 },
    });
  });

  test('an endpoint must be given', () => {
    for (const input of [undefined, null, {}])
      expect(faults(input ?? {})).toEqual([expect.stringMatching(/^endpoint: must be given/)]);
  });

  test.each([
    ['collector:4317', { host: 'collector', port: 4317, secure: undefined }],
    ['http://collector:4317', { host: 'collector', port: 4317, secure: false }],
    ['https://collector.example.com:443/', { host: 'collector.example.com', port: 443, secure: true }],
    ['dns:///collector:4317', { host: 'collector', port: 4317, secure: undefined }],
    ['passthrough:///10.0.0.1:4317', { host: '10.0.0.1', port: 4317, secure: undefined }],
    ['[::1]:4317', { host: '::1', port: 4317, secure: undefined }],
    ['http://[fe80::1]:4317', { host: 'fe80::1', port: 4317, secure: false }],
  ])('%s is an endpoint', (text, address) => {
    expect(addressOf(text)).toEqual(address);
  });

  test.each(['collector', ':4317', 'collector:0', 'collector:70000', 'unix:///tmp/x', 'http://collector:4317/v1', 'a b:1', ''])(
    '"%s" is none',
    (endpoint) => {
      expect(faults({ endpoint })).toEqual([expect.stringMatching(/^endpoint: must be host:port/)]);
    },
  );

  test('the keys of the collector are taken', () => {
    const config = {
      endpoint: 'collector:4317',
      compression: 'zstd',
      balancer_name: 'round_robin',
      wait_for_ready: true,
      read_buffer_size: 123,
      write_buffer_size: '345KiB',
      authority: 'other',
      headers: { 'x-tenant': 'a' },
      keepalive: { time: '20s', timeout: '30s', permit_without_stream: true },
      tls: { insecure: true, ca_file: 'ca.pem' },
      sending_queue: { queue_size: 10 },
      retry_on_failure: { enabled: false },
    };
    expect(faults(config)).toEqual([]);
  });

  test.each([
    [{ 'grpc-timeout': '1S' }, 'is set by the exporter'],
    [{ 'Content-Type': 'x' }, 'is set by the exporter'],
    [{ ':path': 'x' }, 'is set by the exporter'],
    [{ 'a b': 'x' }, 'is not a header name'],
    [{ a: 'x\ny' }, 'holds a character that no gRPC metadata may'],
  ])('%j is refused', (headers, message) => {
    expect(faults({ endpoint: 'a:1', headers }).join()).toContain(message);
  });

  test('compression has its levels, pings their least interval', () => {
    expect(faults({ endpoint: 'a:1', compression_params: { level: 10 } })[0]).toContain('gzip has levels 1 to 9');
    expect(faults({ endpoint: 'a:1', compression: 'snappy' })).toHaveLength(1);
    expect(faults({ endpoint: 'a:1', keepalive: { time: '1s' } })[0]).toContain('at least 10s');
  });
});
