import { describe, expect, test } from 'vitest';
import { otlpReceiver } from '../../../receivers/otlp/index.ts';

const parse = (input: unknown) => otlpReceiver.config.safeParse(input);
const faults = (input: unknown): string[] =>
  parse(input).error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) ?? [];

describe('the config of the otlp receiver', () => {
  test('http: with nothing behind it is all defaults', () => {
    expect(parse({ protocols: { http: null } }).data?.protocols.http).toMatchObject({
      endpoint: 'localhost:4318',
      metrics_url_path: '/v1/metrics',
      traces_url_path: '/v1/traces',
      logs_url_path: '/v1/logs',
      max_request_body_size: 64 * 1024 * 1024,
      include_metadata: false,
      keep_alives_enabled: true,
    });
  });

  test.each([undefined, null, {}, { protocols: null }, { protocols: {} }])('%j has no protocol', (input) => {
    expect(faults(input)).toEqual(['protocols: must specify at least one protocol when using the OTLP receiver']);
  });

  test('grpc: with nothing behind it is all defaults', () => {
    expect(parse({ protocols: { grpc: null } }).data?.protocols).toMatchObject({
      grpc: {
        endpoint: 'localhost:4317',
        max_recv_msg_size_mib: 64,
        max_concurrent_streams: 256,
        include_metadata: false,
        keepalive: {
          server_parameters: { max_connection_idle: 0, max_connection_age: 0, time: 30_000, timeout: 20_000 },
          enforcement_policy: { min_time: 300_000, permit_without_stream: false },
        },
      },
    });
    expect(parse({ protocols: { grpc: null } }).data?.protocols.http).toBeUndefined();
  });

  test('grpc takes the keys that the collector has for it', () => {
    const grpc = {
      endpoint: '127.0.0.1:4317',
      transport: 'tcp',
      max_recv_msg_size_mib: 16,
      max_concurrent_streams: 16,
      read_buffer_size: 1024,
      write_buffer_size: '512KiB',
      include_metadata: true,
      keepalive: {
        server_parameters: {
          max_connection_idle: '11s',
          max_connection_age: '12s',
          max_connection_age_grace: '13s',
          time: '30s',
          timeout: '5s',
        },
        enforcement_policy: { min_time: '10s', permit_without_stream: true },
      },
    };
    expect(faults({ protocols: { grpc } })).toEqual([]);
    expect(faults({ protocols: { grpc: { keepalive: null } } })).toEqual([]);
    expect(faults({ protocols: { grpc: { keepalive: { server_parameters: null, enforcement_policy: null } } } })).toEqual([]);
  });

  test('0 means the default, as in the collector', () => {
    const parsed = parse({ protocols: { grpc: { max_recv_msg_size_mib: 0, max_concurrent_streams: 0 } } });
    expect(parsed.data?.protocols.grpc).toMatchObject({ max_recv_msg_size_mib: 64, max_concurrent_streams: 256 });
  });

  test.each(['0.0.0.0:4317', ':4317', '[::]:4317'])('grpc at %s needs auth, written out', (endpoint) => {
    expect(faults({ protocols: { grpc: { endpoint } } })[0]).toMatch(/^protocols\.grpc\.auth: other machines reach/);
    expect(faults({ protocols: { grpc: { endpoint, auth: 'none' } } })).toEqual([]);
    expect(faults({ protocols: { grpc: { endpoint, auth: 'token' } } })).toEqual([]);
  });

  test.each(['0.0.0.0:4318', ':4318', '[::]:4318', '10.1.2.3:4318', 'collector:4318', 'localhost.example.com:4318'])(
    '%s needs auth, written out',
    (endpoint) => {
      expect(faults({ protocols: { http: { endpoint } } })[0]).toMatch(
        /^protocols\.http\.auth: other machines reach this address: write auth: token \(or certificate, basic\), or auth: none/,
      );
      expect(faults({ protocols: { http: { endpoint, auth: 'none' } } })).toEqual([]);
    },
  );

  test.each(['localhost:4318', 'LOCALHOST:0', '127.0.0.1:4318', '127.1.2.3:1', '[::1]:4318'])('%s does not', (endpoint) => {
    expect(faults({ protocols: { http: { endpoint } } })).toEqual([]);
  });

  test.each([
    [{ endpoint: '4318' }, 'endpoint: must be host:port, such as localhost:4318'],
    [{ endpoint: 'http://localhost:4318' }, 'endpoint: must be host:port, such as localhost:4318'],
    [{ auth: { authenticator: 'basicauth' } }, 'auth: must be none, token, certificate or basic, or a list of the last three'],
    [{ tls: { cert_file: 'a' } }, 'tls: for auth via TLS, provide both certificate and key, or neither'],
    [{ middlewares: [] }, 'middlewares: there are no middlewares; use the memory_limiter processor'],
    [{ compression_algorithms: ['snappy'] }, 'compression_algorithms.0: must be gzip, zstd, deflate, zlib or identity'],
    [{ cors: { allowed_origins: ['https://*.*'] } }, 'cors.allowed_origins.0: may have one * only'],
    [{ response_headers: { 'a b': 'c' } }, 'response_headers.a b: is not a header name'],
    [{ response_headers: { a: 'b\r\nc: d' } }, 'response_headers.a: holds a character that no header may'],
    [{ traces_url_path: 'v1/logs' }, ': metrics_url_path, traces_url_path and logs_url_path must differ'],
    [{ max_connections: 0 }, 'max_connections: Too small: expected number to be >=1'],
  ])('%j is a fault', (http, fault) => {
    const [found] = faults({ protocols: { http } });
    expect(found).toBe(`protocols.http${fault.startsWith(':') ? '' : '.'}${fault}`);
  });

  test('an unknown key is a fault', () => {
    expect(faults({ protocols: { http: { endpiont: 'localhost:1' } } })[0]).toContain('endpiont');
    expect(faults({ protocol: {} })[0]).toContain('protocol');
  });

  test('timeouts are durations, 0 among them', () => {
    const http = { read_timeout: '0', read_header_timeout: '5s', idle_timeout: 0, write_timeout: '30s' };
    expect(parse({ protocols: { http } }).data?.protocols.http).toMatchObject({
      read_timeout: 0,
      read_header_timeout: 5000,
      idle_timeout: 0,
      write_timeout: 30_000,
    });
  });
});
