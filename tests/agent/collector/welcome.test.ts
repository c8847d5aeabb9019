import { describe, expect, it } from 'vitest';
import { REGISTRY } from '../../../config/registry.ts';
import type { OpenListener } from '../../../agent/collector/listeners.ts';
import { defaultConfigPath } from '../../../agent/collector/package-root.ts';
import { welcomeText } from '../../../agent/collector/welcome.ts';
import { MINIMAL, planOf } from '../../support/config.ts';

/** Only its address is looked at. */
const closed = { close: () => Promise.resolve(), handTo: (): never => expect.unreachable() };

const listener = (owner: string, port: number, endpoint = 'localhost:4318'): OpenListener => ({
  owner,
  endpoint,
  listener: { url: `http://127.0.0.1:${port}`, engine: 'node', ...closed },
});

async function welcome(text: string, listeners: OpenListener[], environment: Record<string, string> = {}): Promise<string> {
  const { plan, detected } = await planOf(text, { environment, registry: REGISTRY });
  return welcomeText({ version: '1.2.3', plan, detected, listeners, configs: ['a.yaml'] });
}

describe('what a start prints', () => {
  it('says where it listens, the scope and whence, the pipelines and the configuration', async () => {
    const text = await welcome(MINIMAL, [listener('health_check', 13133), listener('otlp', 4318)]);
    expect(text.split('\n').slice(0, 5)).toEqual([
      'Periscope 1.2.3 is running',
      '  otlp       http://127.0.0.1:4318  (node)',
      '  scope      global  (neither DASHBOARD_SCOPE nor HOST is set; data may claim ENTERPRISE, DEVELOPMENT, LOCAL-SANDBOX)',
      '  pipelines  metrics → debug',
      '  config     a.yaml',
    ]);
  });

  it('says that a fixed scope takes nothing else', async () => {
    const text = await welcome(MINIMAL, [listener('otlp', 1)], { DASHBOARD_SCOPE: 'ENTERPRISE' });
    expect(text).toContain('scope      ENTERPRISE  (DASHBOARD_SCOPE; nothing else is accepted)');
  });

  it('names the scope of each listener that has one', async () => {
    const text = MINIMAL.replace('http:\n', 'http: { scope: ACME }\n');
    expect(await welcome(`${text}scopes: { ACME: }\n`, [listener('otlp', 1)])).toContain(
      'http://127.0.0.1:1  (node, scope ACME)',
    );
  });

  it.each(['metrics', 'traces', 'logs'])(
    'has a curl line for %s whose body is JSON once the shell has put in the time',
    async (signal) => {
      const text = await welcome(MINIMAL.replace('    metrics:', `    ${signal}:`), [listener('otlp', 4318)]);
      const [, url, body] = /curl -sS (\S+) -H 'content-type: application\/json' -d '(.*)'$/m.exec(text) ?? [];
      expect(url).toBe(`http://127.0.0.1:4318/v1/${signal}`);
      expect(() => JSON.parse((body ?? '').replaceAll(`'"$(date +%s)"'`, '1700000000'))).not.toThrow();
    },
  );

  it('says how to come by a token where one is wanted, and every line carries it', async () => {
    const text = MINIMAL.replace('http:\n', 'http: { auth: token, scope: ENTERPRISE }\n');
    const printed = await welcome(text, [listener('otlp', 1)]);
    expect(printed).toContain('TOKEN=$(npx periscope token create --config a.yaml --subject me --scopes ENTERPRISE)');
    expect(printed).toMatch(/curl -sS \S+ -H 'content-type: application\/json' -H "Authorization: Bearer \$TOKEN" -d/);
    expect(printed).toContain('OTEL_EXPORTER_OTLP_HEADERS="authorization=Bearer $TOKEN"');
  });

  it('names a scope that an exporter takes where none takes the own one', async () => {
    const text = MINIMAL.replace('http:\n', 'http: { auth: token }\n');
    const gateway = `${text.replace(/debug:[^\n]*\n/, 'debug: { scopes: [ACME, GLOBEX] }\n')}scopes: { ACME: , GLOBEX: }\n`;
    expect(gateway).toContain('debug: { scopes: [ACME, GLOBEX] }');
    expect(await welcome(gateway, [listener('otlp', 1)])).toContain('--subject me --scopes ACME)');
    expect(await welcome(text, [listener('otlp', 1)])).toContain('--subject me --scopes global)');
  });

  it('says how to ask the API with the token of this machine', async () => {
    const text = `${MINIMAL.replace('service:\n', 'service:\n  extensions: [dashboard]\n')}extensions: { dashboard: }\n`;
    const printed = await welcome(text, [listener('dashboard', 3004, 'localhost:3004')]);
    expect(printed).toMatch(
      /curl -sS http:\/\/127\.0\.0\.1:3004\/api\/v1\/ledger -H "Authorization: Bearer \$\(cat \S+\/token\)"/,
    );
  });

  it('says how to ask in SQL where there are windows, and names a configuration only where it must be', async () => {
    const text = `${MINIMAL.replace('service:\n', 'service:\n  extensions: [dashboard]\n')}extensions: { dashboard: }\n`;
    const listeners = [listener('dashboard', 3004, 'localhost:3004')];
    expect(await welcome(text, listeners)).not.toContain('periscope sql');
    const withWindows = text.replaceAll('debug', 'windows');
    expect(await welcome(withWindows, listeners)).toContain('\n  npx periscope sql --config a.yaml "select * from services"\n');
    const { plan, detected } = await planOf(withWindows, { environment: {}, registry: REGISTRY });
    const printed = welcomeText({ version: '1.2.3', plan, detected, listeners, configs: [defaultConfigPath(), '--set a=b c'] });
    expect(printed).toContain(`\n  npx periscope sql --set 'a=b c' "select * from services"\n`);
  });

  it('has a curl line for HTTP only, and the protocol of the listener in the environment', async () => {
    const grpc: OpenListener = {
      owner: 'otlp',
      endpoint: 'localhost:4317',
      listener: { url: 'http://127.0.0.1:4317', engine: 'grpc', ...closed },
    };
    const both = await welcome(MINIMAL, [grpc, listener('otlp', 4318)]);
    expect(both).toContain('http://127.0.0.1:4317  (grpc)');
    expect(both).toContain('curl -sS http://127.0.0.1:4318');
    expect(both).toContain('OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf');
    const alone = await welcome(MINIMAL, [grpc]);
    expect(alone).not.toContain('curl');
    expect(alone).toContain('OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4317');
    expect(alone).toContain('OTEL_EXPORTER_OTLP_PROTOCOL=grpc');
  });

  it('has the environment of an SDK', async () => {
    const text = await welcome(MINIMAL, [listener('otlp', 4318)]);
    for (const line of [
      'OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318',
      'OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf',
      'OTEL_METRIC_EXPORT_INTERVAL=5000',
    ]) {
      expect(text).toContain(`export ${line}`);
    }
  });
});

describe('the link to the dashboard', () => {
  const text = `${MINIMAL}`.replace(
    'service:',
    'extensions: { dashboard: { endpoint: localhost:0 } }\nservice:\n  extensions: [dashboard]',
  );

  it('is the last thing a start prints, and only with a ticket', async () => {
    const { plan, detected } = await planOf(text, { environment: {}, registry: REGISTRY });
    const listeners = [listener('otlp', 1), listener('dashboard', 3004, 'localhost:0')];
    const all = { version: '1.2.3', plan, detected, listeners, configs: ['a.yaml'] };
    expect(
      welcomeText({ ...all, ticket: 'pst_x' })
        .trimEnd()
        .split('\n')
        .at(-1),
    ).toBe('  http://127.0.0.1:3004/?ticket=pst_x');
    expect(welcomeText(all)).not.toContain('ticket');
  });
});
