import { describe, expect, it, vi } from 'vitest';
import { bindingOf, detectProcessScope, detectScope } from '../../../pipeline/scope/detect.ts';
import { overrideMatrix, SCOPE_MATRIX } from '../../../pipeline/scope/matrix.ts';

describe('the scope of a process', () => {
  it.each([
    ['api.duoplus.io', 'ENTERPRISE'],
    ['dev.duoplus.io', 'DEVELOPMENT'],
    ['localhost', 'LOCAL-SANDBOX'],
    ['https://API.DuoPlus.io.:8443/x?y', 'ENTERPRISE'],
  ])('HOST=%s is %s', (host, scope) => {
    expect(detectProcessScope({ HOST: host })).toMatchObject({ scope, from: 'host', because: `HOST=${host}` });
  });

  it.each(['evil-api.duoplus.io', 'api.duoplus.io.evil.com', 'duoplus.io', '0.0.0.0', 'xn--api.duoplus.io'])(
    'HOST=%s matches nothing: global',
    (host) => {
      expect(detectProcessScope({ HOST: host })).toMatchObject({ scope: 'global', from: 'fallback' });
    },
  );

  it('DASHBOARD_SCOPE wins over HOST and is taken as written', () => {
    expect(detectProcessScope({ DASHBOARD_SCOPE: ' DEVELOPMENT ', HOST: 'api.duoplus.io' })).toMatchObject({
      scope: 'DEVELOPMENT',
      from: 'environment',
    });
  });

  it('without either it is global', () => {
    expect(detectProcessScope({ DASHBOARD_SCOPE: '' })).toMatchObject({ scope: 'global', from: 'fallback' });
  });

  it("knows the domain of a user's own scope", () => {
    const matrix = overrideMatrix(SCOPE_MATRIX, { ACME: { domain: 'Apple.Factory-Wager.com' } });
    expect(detectProcessScope({ HOST: 'apple.factory-wager.com' }, matrix).scope).toBe('ACME');
  });
});

describe('what a detected scope lets data claim', () => {
  it('DASHBOARD_SCOPE: itself only', () => {
    const binding = bindingOf(detectProcessScope({ DASHBOARD_SCOPE: 'ENTERPRISE' }), SCOPE_MATRIX);
    expect(binding).toEqual({ allowed: ['ENTERPRISE'], fallback: 'ENTERPRISE', from: 'environment' });
  });

  it('otherwise any scope of the matrix, and no claim means the detected one', () => {
    const binding = bindingOf(detectProcessScope({ HOST: 'localhost' }), SCOPE_MATRIX);
    expect(binding).toEqual({
      allowed: ['ENTERPRISE', 'DEVELOPMENT', 'LOCAL-SANDBOX', 'global'],
      fallback: 'LOCAL-SANDBOX',
      from: 'host',
    });
  });
});

describe('detectScope, for apps', () => {
  it('is DASHBOARD_SCOPE, else the scope of the host it is given, else of HOST, else global', () => {
    expect(detectScope('api.duoplus.io', { DASHBOARD_SCOPE: 'DEVELOPMENT' })).toBe('DEVELOPMENT');
    expect(detectScope('api.duoplus.io', { HOST: 'localhost' })).toBe('ENTERPRISE');
    expect(detectScope(undefined, { HOST: 'localhost:3000' })).toBe('LOCAL-SANDBOX');
    expect(detectScope(undefined, {})).toBe('global');
  });

  it("reads the process's environment unless it is given one", () => {
    vi.stubEnv('DASHBOARD_SCOPE', 'ACME');
    expect(detectScope()).toBe('ACME');
    vi.unstubAllEnvs();
  });
});

describe('detection', () => {
  it('reads the matrix once, however often it is asked and however many scopes there are', () => {
    const rows = Array.from({ length: 5000 }, (_, n) => ({ ...SCOPE_MATRIX[0]!, scope: `T${n}`, domain: `t${n}.example.com` }));
    let reads = 0;
    const matrix = new Proxy(rows, {
      get(target, key, receiver) {
        reads += 1;
        return Reflect.get(target, key, receiver) as unknown;
      },
    });
    expect(detectScope('t0.example.com', {}, matrix)).toBe('T0');
    const built = reads;
    for (let n = 0; n < 5000; n++) expect(detectScope(`t${n}.example.com`, {}, matrix)).toBe(`T${n}`);
    expect(reads).toBe(built);
  });

  it('of two scopes with one domain the first keeps it', () => {
    const matrix = overrideMatrix(SCOPE_MATRIX, { ACME: { domain: 'api.duoplus.io' } });
    expect(detectScope('api.duoplus.io', {}, matrix)).toBe('ENTERPRISE');
  });

  it('an empty domain or host matches nothing', () => {
    expect(detectScope('', {}, [{ ...SCOPE_MATRIX[0]!, domain: '' }])).toBe('global');
  });
});
