import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { SIGNALS } from '../../../pipeline/signal.ts';
import { encode, numbered } from '../../support/build.ts';
import { Collector, MAIN } from '../../support/collector.ts';
import { attributeOf, itemsOf } from '../../support/items.ts';
import { OtlpSink } from '../../support/otlp-sink.ts';
import { decode } from '../../support/reference/otlp.ts';
import { ROOT } from '../../support/tree.ts';

/** Every shipped configuration, started as a process, fed, and stopped. */
const text = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const FREE = '127.0.0.1:0';

async function post(url: string, signal: 'metrics' | 'traces' | 'logs', body: Uint8Array): Promise<number> {
  const answer = await fetch(`${url}/v1/${signal}`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-protobuf' },
    body: body as NonNullable<RequestInit['body']>,
  });
  return answer.status;
}

const scopesAt = (sink: OtlpSink): unknown[] =>
  sink.requests.flatMap(({ signal, body }) =>
    signal === undefined
      ? []
      : itemsOf(signal, decode(signal, body)).map(({ resource }) => attributeOf(resource, 'periscope.scope')),
  );

describe('the shipped configurations', () => {
  it('default.yaml: the curl line that it prints works as pasted, and the end says what was delivered', async () => {
    const protocols = 'receivers.otlp.protocols';
    const set = [
      `${protocols}.http.endpoint`,
      `${protocols}.grpc.endpoint`,
      'extensions.health_check.endpoint',
      'extensions.dashboard.endpoint',
    ].flatMap((path) => ['--set', `${path}=${FREE}`]);
    await using collector = await Collector.start(text('config/default.yaml'), { args: set });
    const line = /^\s+(curl .*)$/m.exec(collector.output)?.[1] ?? '';
    const { status, stdout } = spawnSync('bash', ['-c', line.replace('curl ', "curl -w ' %{http_code}' ")], { encoding: 'utf8' });
    expect([status, stdout]).toEqual([0, '{} 200']);
    const sent = await collector.ledger();
    expect(sent.receivers).toMatchObject([{ receiver: 'otlp', scope: 'global', signal: 'metrics', received: 1, accepted: 1 }]);
    await collector.says(/\d\d:\d\d:\d\d {2}metrics come in: 1 data points so far\n/);
    const page = /^ {2}(http:\S+)\/\?ticket=\S+$/m.exec(collector.output)?.[1];
    expect(page).toBe(collector.url('dashboard'));
    expect(await collector.stop('SIGINT')).toEqual({ code: 0, signal: null });
    expect(collector.output).toContain('windows: delivered 1 data points\nlive: delivered 1 data points\n');
  });

  it('gateway.yaml: what goes in comes out at the destination, with its scope', async () => {
    const sink = await OtlpSink.start();
    try {
      await using collector = await Collector.start(text('config/examples/gateway.yaml'), {
        env: { OTLP_DESTINATION: sink.url, OTLP_LISTEN: FREE, HEALTH_LISTEN: FREE },
      });
      for (const signal of SIGNALS) expect(await post(collector.url(), signal, encode(signal, numbered(signal, 5)))).toBe(200);
      expect(await collector.stop()).toEqual({ code: 0, signal: null });
      expect(scopesAt(sink)).toEqual(Array.from({ length: 15 }, () => 'global'));
      expect(collector.output).toContain('otlp_http: delivered 5 data points, 5 spans, 5 log records');
    } finally {
      await sink.close();
    }
  });

  it('file-only.yaml: an answer means that the items are in the file of their scope', async () => {
    await using collector = await Collector.start(text('config/examples/file-only.yaml'), {
      env: { TELEMETRY_DIR: '.', OTLP_LISTEN: FREE, DASHBOARD_SCOPE: 'ENTERPRISE' },
    });
    for (const signal of SIGNALS) {
      expect(await post(collector.url(), signal, encode(signal, numbered(signal, 5)))).toBe(200);
      const folders = readdirSync(collector.folder, { recursive: true, encoding: 'utf8' });
      const written = folders.filter((path) => path.endsWith('.jsonl') && path.includes(signal));
      expect(written).toEqual([expect.stringContaining('ENTERPRISE')]);
      const lines = readFileSync(join(collector.folder, written[0] ?? ''), 'utf8')
        .trim()
        .split('\n');
      expect(lines.map((line) => JSON.stringify(JSON.parse(line))).join('')).toContain('ENTERPRISE');
    }
  });

  it('two-tenants.yaml: each destination gets its own tenant and nothing else', async () => {
    const [acme, globex] = [await OtlpSink.start(), await OtlpSink.start()];
    try {
      await using collector = await Collector.start(text('config/examples/two-tenants.yaml'), {
        env: { ACME_LISTEN: FREE, GLOBEX_LISTEN: FREE, ACME_DESTINATION: acme.url, GLOBEX_DESTINATION: globex.url },
      });
      for (const [id, count] of [
        ['otlp/acme', 3],
        ['otlp/globex', 4],
      ] as const) {
        for (const signal of SIGNALS) {
          expect(await post(collector.url(id), signal, encode(signal, numbered(signal, count)))).toBe(200);
        }
      }
      expect(await collector.stop()).toEqual({ code: 0, signal: null });
      expect(scopesAt(acme)).toEqual(Array.from({ length: 9 }, () => 'ACME'));
      expect(scopesAt(globex)).toEqual(Array.from({ length: 12 }, () => 'GLOBEX'));
    } finally {
      await Promise.all([acme.close(), globex.close()]);
    }
  });
});

describe('the gateway for three tenants', () => {
  it('gateway-tenants.yaml: each token sends as its tenant, one for all lets each group say its own, none sends nothing', async () => {
    const sinks = { ACME: await OtlpSink.start(), GLOBEX: await OtlpSink.start(), INITECH: await OtlpSink.start() };
    const tenants = Object.keys(sinks) as (keyof typeof sinks)[];
    try {
      await using collector = await Collector.start(text('config/examples/gateway-tenants.yaml'), {
        env: {
          ...Object.fromEntries(['OTLP_LISTEN', 'OTLP_GRPC_LISTEN', 'HEALTH_LISTEN', 'API_LISTEN'].map((name) => [name, FREE])),
          ...Object.fromEntries(tenants.map((name) => [`${name}_DESTINATION`, sinks[name].url])),
        },
      });
      const tokenFor = (...scopes: string[]): string => {
        const args = ['token', 'create', '--config', 'periscope.yaml', '--subject', 'x', '--scopes', scopes.join(',')];
        return spawnSync(process.execPath, [MAIN, ...args], { cwd: collector.folder, encoding: 'utf8' }).stdout.trim();
      };
      const send = async (token: string | undefined, body: Uint8Array): Promise<number> => {
        const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
        return (await collector.send('/v1/logs', body, headers)).status;
      };
      const logs = (count: number, scope?: string): Uint8Array =>
        encode('logs', numbered('logs', count, scope === undefined ? {} : { 'periscope.scope': scope }));
      expect(await send(undefined, logs(1))).toBe(401);
      for (const tenant of tenants) expect(await send(tokenFor(tenant), logs(3))).toBe(200);
      const mixed = Buffer.concat([...tenants.map((tenant) => logs(2, tenant)), logs(7), logs(7, 'ENTERPRISE')]);
      expect(await send(tokenFor(...tenants), mixed)).toBe(200);
      expect(await collector.stop()).toEqual({ code: 0, signal: null });
      for (const tenant of tenants) expect(scopesAt(sinks[tenant])).toEqual(Array.from({ length: 5 }, () => tenant));
    } finally {
      await Promise.all(tenants.map((tenant) => sinks[tenant].close()));
    }
  });
});

describe('the commands, as a person runs them', () => {
  const periscope = (...args: string[]) => {
    const { DASHBOARD_SCOPE: _scope, HOST: _host, ...env } = process.env;
    return spawnSync(process.execPath, [MAIN, ...args], { cwd: ROOT, env, encoding: 'utf8' });
  };

  it('validate: exit 0 and one line when all is well, exit 1 and every fault when not', () => {
    expect(periscope('validate', '--config', 'config/examples/gateway.yaml')).toMatchObject({
      status: 0,
      stdout: 'config/examples/gateway.yaml: valid; pipelines: metrics, traces, logs\n',
      stderr: '',
    });
    const bad = periscope(
      'validate',
      '--config',
      'config/default.yaml',
      '--set',
      'processors.batch.timeot=1s',
      '--set',
      'exporters.kafka=',
    );
    expect(bad.status).toBe(1);
    expect(bad.stderr).toContain('processors::batch::timeot: unknown option');
    expect(bad.stderr).toContain('did you mean "timeout"?');
    expect(bad.stderr).toContain('Periscope has no exporter "kafka"; instead: ');
    expect(bad.stderr).toContain('--skip-unsupported leaves it out');
    expect(bad.stderr).not.toMatch(/^\s+at /m);
  });

  it('run with a bad configuration: exit 1 and every fault, nothing started', () => {
    const bad = periscope('--config', 'config/default.yaml', '--set', 'service.ack=soon');
    expect(bad.status).toBe(1);
    expect(bad.stderr).toBe(
      'periscope: cannot use the configuration: 1 fault\n  --set:1:1: service::ack: must be one of queued, delivered\n',
    );
  });

  it('print-config: YAML that is valid itself', () => {
    const { status, stdout } = periscope('print-config', '--with-defaults', '--config', 'config/examples/two-tenants.yaml');
    expect(status).toBe(0);
    expect(Object.keys(parse(stdout) as object)).toEqual(['scopes', 'receivers', 'processors', 'exporters', 'service']);
  });

  it('components and scopes: tables', () => {
    expect(periscope('components').stdout).toMatch(/^receiver\s+otlp\s/m);
    expect(parse(periscope('components', '--format', 'yaml').stdout)).toMatchObject({
      components: expect.arrayContaining([expect.objectContaining({ type: 'otlp_http' })]) as unknown,
    });
    const { stdout, stderr } = periscope('scopes');
    expect(stdout).toMatch(/^scope\tplatform\t[^]*\nglobal\tany\t/);
    expect(stderr).toContain('this machine runs as global');
  });

  it('an unknown command: exit 1 and the one that was meant', () => {
    const { status, stderr } = periscope('validat');
    expect(status).toBe(1);
    expect(stderr).toContain('Did you mean validate?');
  });
});
