import { describe, expect, it } from 'vitest';
import { formatFault } from '../../config/fault.ts';
import { loadConfig } from '../../config/load.ts';
import type { MetricsConfig } from '../../config/own-metrics.ts';

const load = (metrics: string) =>
  loadConfig([
    {
      kind: 'text',
      name: 'a.yaml',
      text: `receivers: { otlp: { protocols: { http: } } }
exporters: { debug: }
service:
  pipelines: { logs: { receivers: [otlp], exporters: [debug] } }
  telemetry:
    metrics: ${metrics}
`,
    },
  ]);

async function settings(metrics: string): Promise<{ config: MetricsConfig; warnings: string[] }> {
  const loaded = await load(metrics);
  if (!('plan' in loaded)) throw new Error(loaded.faults.map(formatFault).join('\n'));
  return { config: loaded.service.telemetry.metrics, warnings: loaded.warnings.map(formatFault) };
}

async function faults(metrics: string): Promise<string> {
  const loaded = await load(metrics);
  return 'plan' in loaded ? '' : loaded.faults.map(formatFault).join('\n');
}

const pull = (exporter: string): string => `{ readers: [{ pull: { exporter: { prometheus: ${exporter} } } }] }`;

describe('service::telemetry::metrics', () => {
  it('by default they are at localhost:8888, as the Go collector has them', async () => {
    const expected = { level: 'normal', endpoint: 'localhost:8888', byDefault: true, bare: true, auth: [], scopes: true };
    expect(await settings('')).toEqual({ config: expected, warnings: [] });
    expect((await settings('{ level: Detailed }')).config).toEqual({ ...expected, level: 'detailed' });
  });

  it('level none, or readers without one for Prometheus: they are not served', async () => {
    expect((await settings('{ level: none }')).config.endpoint).toBeUndefined();
    const { config, warnings } = await settings('{ readers: [{ periodic: { exporter: { otlp: { endpoint: x } } } }] }');
    expect(config.endpoint).toBeUndefined();
    expect(warnings).toEqual([expect.stringMatching(/metrics::readers::0: has no effect/)]);
  });

  it('where: by reader, or by the older address', async () => {
    const byReader = await settings(pull("{ host: '::1', port: 0, without_units: true, without_type_suffix: false }"));
    expect(byReader).toEqual({
      config: expect.objectContaining({ endpoint: '[::1]:0', byDefault: false, bare: false, scopes: true }) as unknown,
      warnings: [],
    });
    expect((await settings("{ address: '127.0.0.1:99' }")).config).toMatchObject({ endpoint: '127.0.0.1:99', byDefault: false });
  });

  it('where other machines reach them it must be said who may read, and only who is known sees scopes', async () => {
    expect(await faults("{ address: ':8888' }")).toContain('other machines reach the address of own metrics');
    expect(await faults(pull('{ host: 0.0.0.0 }'))).toContain('service::telemetry::metrics::auth');
    expect((await settings("{ address: ':8888', auth: none }")).config).toMatchObject({ auth: [], scopes: false });
    expect((await settings("{ address: ':8888', auth: token }")).config).toMatchObject({ auth: ['token'], scopes: true });
    expect(await faults('{ auth: certificate }')).toContain('must be none, token or basic');
  });

  it('names what has no effect, with its place, and what is wrong', async () => {
    const { warnings } = await settings(
      "{ views: [], address: 'localhost:1', readers: [{ pull: { exporter: { prometheus: { without_units: false } } } }] }",
    );
    expect(warnings).toEqual([
      expect.stringContaining('metrics::views: has no effect'),
      expect.stringContaining('metrics::address: has no effect: readers say where to listen'),
      expect.stringContaining('metrics::readers::0::pull::exporter::prometheus::without_units: has no effect'),
    ]);
    expect(await faults('{ level: loud }')).toContain('service::telemetry::metrics::level');
    expect(await faults(pull('{ port: 70000 }'))).toContain('port');
  });
});
