import { describe, expect, it } from 'vitest';
import { formatFault } from '../../config/fault.ts';
import { loadConfig, type Loaded } from '../../config/load.ts';
import { printConfig } from '../../config/print.ts';

const yaml = (auth: string, listener = ''): string => `
receivers: { otlp: { protocols: { http: { ${listener} } } } }
exporters: { debug: }
service: { pipelines: { logs: { receivers: [otlp], exporters: [debug] } } }
${auth}`;
const load = (text: string) => loadConfig([{ kind: 'text', text, name: 'a.yaml' }], { environment: {} });
const faultsOf = async (text: string): Promise<string[]> => {
  const loaded = await load(text);
  return 'faults' in loaded ? loaded.faults.map(formatFault) : [];
};

describe('the auth section', () => {
  it('is read into what listeners ask', async () => {
    const loaded = (await load(
      yaml(`auth: { tokens: { issuer: idp }, certificates: { CN=a: { scopes: [ENTERPRISE] } } }`, 'auth: token'),
    )) as Loaded;
    expect(loaded.auth).toMatchObject({ tokens: { issuer: 'idp' }, certificates: { 'CN=a': { permissions: ['ingest'] } } });
  });

  it('names scopes of the matrix only', async () => {
    const [fault] = await faultsOf(yaml(`auth: { basic: { ann: { password: x, scopes: [ENTERPRISE, ENTERPRIZE] } } }`));
    expect(fault).toMatch(/auth::basic::ann::scopes::1: unknown scope "ENTERPRIZE" .*did you mean "ENTERPRISE"/);
  });

  it('must name somebody for a listener that asks for passwords or certificates', async () => {
    expect(await faultsOf(yaml('', 'auth: basic'))).toEqual([
      expect.stringMatching(/receivers::otlp::protocols::http::auth: asks for basic, but auth::basic names nobody/),
    ]);
    const tls = 'tls: { cert_file: c, key_file: k, client_ca_file: a }';
    expect(await faultsOf(yaml('', `auth: [token, certificate], ${tls}`))).toEqual([
      expect.stringMatching(/asks for certificate, but auth::certificates names nobody/),
    ]);
    expect(await faultsOf(yaml('auth: { certificates: { CN=a: { scopes: [global] } } }', 'auth: certificate'))).toEqual([
      expect.stringMatching(/certificate needs tls::client_ca_file/),
    ]);
  });

  it('a listener that other machines reach needs auth, and token is enough', async () => {
    expect(await faultsOf(yaml('', 'endpoint: "0.0.0.0:4318"'))).toEqual([expect.stringMatching(/write auth: token/)]);
    expect(await faultsOf(yaml('', 'endpoint: "0.0.0.0:4318", auth: token'))).toEqual([]);
    expect(await faultsOf(yaml('', 'endpoint: "0.0.0.0:4318", auth: none'))).toEqual([]);
  });
});

describe('secrets in the wrong place', () => {
  const SECRET = 'hunter2-hunter2-hunter2-hunter2-hunter2';
  const places = [
    `auth: { tokens: { sceret: ${SECRET} } }`,
    `auth: { tokens: ${SECRET} }`,
    `auth: { basic: { ann: ${SECRET} } }`,
    `auth: { basic: { ann: { password: ${SECRET}, pass: ${SECRET}, scopes: [global] } } }`,
    `auth: { tokens: { algorithms: ${SECRET} } }`,
    `auth: { tokens: { jwks_url: ${SECRET} } }`,
    `auth: { tokens: { clock_tolerance: ${SECRET} } }`,
    `auth: { tokens: { secret_file: ${SECRET} } }`,
    `auth: ${SECRET}`,
    `auth: { tokens: { secret: [${SECRET}] } }`,
  ];
  it.each(places)('%s: a fault that does not repeat it', async (auth) => {
    const faults = await faultsOf(yaml(auth));
    expect(faults.length).toBeGreaterThan(0);
    expect(faults.join('\n')).not.toContain(SECRET);
  });

  it('a good configuration is printed without them', async () => {
    const { tree } = (await load(
      yaml(`auth: { tokens: { secret: ${SECRET}, issuer: idp }, basic: { ann: { password: ${SECRET}, scopes: [global] } } }`),
    )) as Loaded;
    for (const withDefaults of [false, true]) {
      const printed = printConfig(tree, withDefaults);
      expect(printed).not.toContain('hunter2');
      expect(printed).toContain('issuer: idp');
      expect(printed.match(/\[REDACTED\]/g)).toHaveLength(2);
    }
  });
});
