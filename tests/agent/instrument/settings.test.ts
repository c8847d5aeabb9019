import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isLocal, readSettings, type Settings } from '../../../agent/instrument/settings.ts';

function read(environment: Record<string, string>): { readonly settings: Settings; readonly lines: readonly string[] } {
  const lines: string[] = [];
  return { settings: readSettings(environment, (line) => lines.push(line)), lines };
}

describe('settings of the agent', () => {
  it('are complete without any variable, and nothing is told', () => {
    const { settings, lines } = read({});
    expect(lines).toEqual([]);
    expect(settings).toMatchObject({
      disabled: false,
      engine: 'own',
      mode: 'worker',
      asyncScope: undefined,
      otlp: { url: 'http://localhost:4318/v1/metrics', isDefault: true, timeoutMs: 10_000, compression: 'gzip' },
      metrics: { exporter: 'otlp', temporality: 'cumulative', intervalMs: 5000, exportTimeoutMs: 30_000 },
      from: [],
    });
  });

  it('are frozen through and through', () => {
    const { settings } = read({ OTEL_EXPORTER_OTLP_HEADERS: 'a=b' });
    expect([settings, settings.otlp, settings.otlp.headers, settings.metrics].every(Object.isFrozen)).toBe(true);
  });

  it('take an empty variable for none', () => {
    const { settings, lines } = read({ AGENT_MODE: '', OTEL_METRIC_EXPORT_INTERVAL: '  ', OTEL_EXPORTER_OTLP_ENDPOINT: '' });
    expect(lines).toEqual([]);
    expect(settings).toMatchObject({ mode: 'worker', metrics: { intervalMs: 5000 }, otlp: { isDefault: true } });
  });

  it('tell a bad value once, without its text, and fall back', () => {
    const { settings, lines } = read({
      AGENT_MODE: 'secret',
      OTEL_METRIC_EXPORT_INTERVAL: '-5',
      OTEL_EXPORTER_OTLP_HEADERS: 'secret',
    });
    expect(settings).toMatchObject({ mode: 'worker', metrics: { intervalMs: 5000 }, otlp: { headers: {} } });
    expect(lines.map((line) => line.split(':')[0])).toEqual([
      'cannot use OTEL_EXPORTER_OTLP_HEADERS',
      'cannot use AGENT_MODE',
      'cannot use OTEL_METRIC_EXPORT_INTERVAL',
    ]);
    expect(lines.join()).not.toContain('secret');
  });

  it.each([
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'http://c:4318', 'http://c:4318/v1/metrics'],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'https://c/otlp/', 'https://c/otlp/v1/metrics'],
    ['OTEL_EXPORTER_OTLP_METRICS_ENDPOINT', 'https://c/otlp', 'https://c/otlp'],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'c:4318', 'http://localhost:4318/v1/metrics'],
  ])('%s=%s posts to %s', (name, value, url) => {
    expect(read({ [name]: value }).settings.otlp.url).toBe(url);
  });

  it('prefer the variable of the signal, and fall back to that of all when it is bad', () => {
    const both = { OTEL_EXPORTER_OTLP_TIMEOUT: '100', OTEL_EXPORTER_OTLP_METRICS_TIMEOUT: '200' };
    expect(read(both).settings.otlp.timeoutMs).toBe(200);
    expect(read({ ...both, OTEL_EXPORTER_OTLP_METRICS_TIMEOUT: 'x' }).settings.otlp.timeoutMs).toBe(100);
  });

  it('export each 5 s to this machine, each 60 s elsewhere, and as they are told above both', () => {
    const interval = (environment: Record<string, string>): number => read(environment).settings.metrics.intervalMs;
    expect(interval({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' })).toBe(5000);
    expect(interval({ OTEL_EXPORTER_OTLP_ENDPOINT: 'https://collector.example.com' })).toBe(60_000);
    expect(interval({ OTEL_METRIC_EXPORT_INTERVAL: '1234' })).toBe(1234);
    expect(['http://localhost', 'http://a.localhost/x', 'http://127.1.2.3', 'http://[::1]:1'].every(isLocal)).toBe(true);
    expect(['http://localhost.example.com', 'http://10.0.0.1', 'http://128.0.0.1'].some(isLocal)).toBe(false);
  });

  it('decode headers and attributes, and leave all out for one error in them', () => {
    const { settings } = read({
      OTEL_EXPORTER_OTLP_HEADERS: 'Authorization=Basic%20YTpi, x-tenant = a=b',
      OTEL_RESOURCE_ATTRIBUTES: 'a=1,b=%E0%A4%A',
    });
    expect(settings.otlp.headers).toEqual({ authorization: 'Basic YTpi', 'x-tenant': 'a=b' });
    expect(settings.resourceAttributes).toEqual({});
    expect(read({ OTEL_EXPORTER_OTLP_HEADERS: 'a=b%0d%0ac' }).settings.otlp.headers).toEqual({});
  });

  it('say what they do not speak', () => {
    expect(read({ OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }).lines).toEqual([
      'cannot use OTEL_EXPORTER_OTLP_PROTOCOL: it is none of http/protobuf; http/protobuf is used instead',
    ]);
  });

  it('name the variables that were used', () => {
    const { settings } = read({ AGENT_MODE: 'main', AGENT_ENGINE: 'none of these', DASHBOARD_SCOPE: 'ENTERPRISE' });
    expect(settings.from.toSorted()).toEqual(['AGENT_MODE', 'DASHBOARD_SCOPE']);
  });

  it('take the scope of AGENT_SCOPE, else of DASHBOARD_SCOPE, else of the domain in HOST', () => {
    const claim = (environment: Record<string, string>): string | undefined => read(environment).settings.scope.claim;
    expect(claim({})).toBeUndefined();
    expect(claim({ HOST: 'api.duoplus.io' })).toBe('ENTERPRISE');
    expect(claim({ HOST: 'api.duoplus.io', DASHBOARD_SCOPE: 'global' })).toBe('global');
    expect(claim({ DASHBOARD_SCOPE: 'global', AGENT_SCOPE: 'DEVELOPMENT' })).toBe('DEVELOPMENT');
    expect(read({ AGENT_SCOPE: 'scope=X,tenant=acme,tier=high,domain=billing' }).settings.scope).toEqual({
      claim: 'X',
      tenant: 'acme',
      tier: 'high',
      domain: 'billing',
    });
    expect(read({ AGENT_SCOPE: 'owner=acme' }).lines).toHaveLength(1);
  });

  it('never throw, whatever the environment holds', () => {
    const names = [
      'AGENT_SCOPE',
      'OTEL_EXPORTER_OTLP_ENDPOINT',
      'OTEL_RESOURCE_ATTRIBUTES',
      'OTEL_METRIC_EXPORT_TIMEOUT',
      'HOST',
    ];
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...names), fc.string()), (environment) => {
        const { settings } = read(environment);
        expect(URL.canParse(settings.otlp.url)).toBe(true);
        expect(settings.metrics.exportTimeoutMs).toBeGreaterThan(0);
      }),
      { endOnFailure: true, numRuns: 50 },
    );
  });
});
