import { describe, expect, it } from 'vitest';
import { bindingOf, detectScope, normaliseDomain } from '../../../pipeline/scope/detect.ts';
import { overrideMatrix, SCOPE_MATRIX } from '../../../pipeline/scope/matrix.ts';

describe('the scope of a process', () => {
  it.each([
    ['api.duoplus.io', 'ENTERPRISE'],
    ['dev.duoplus.io', 'DEVELOPMENT'],
    ['localhost', 'LOCAL-SANDBOX'],
    ['https://API.DuoPlus.io.:8443/x?y', 'ENTERPRISE'],
  ])('HOST=%s is %s', (host, scope) => {
    expect(detectScope({ HOST: host })).toMatchObject({ scope, from: 'host', because: `HOST=${host}` });
  });

  it.each(['evil-api.duoplus.io', 'api.duoplus.io.evil.com', 'duoplus.io', '0.0.0.0', 'xn--api.duoplus.io'])(
    'HOST=%s matches nothing: global',
    (host) => {
      expect(detectScope({ HOST: host })).toMatchObject({ scope: 'global', from: 'fallback' });
    },
  );

  it('DASHBOARD_SCOPE wins over HOST and is taken as written', () => {
    expect(detectScope({ DASHBOARD_SCOPE: ' DEVELOPMENT ', HOST: 'api.duoplus.io' })).toMatchObject({
      scope: 'DEVELOPMENT',
      from: 'environment',
    });
  });

  it('without either it is global', () => {
    expect(detectScope({ DASHBOARD_SCOPE: '' })).toMatchObject({ scope: 'global', from: 'fallback' });
  });

  it("knows the domain of a user's own scope", () => {
    const matrix = overrideMatrix(SCOPE_MATRIX, { ACME: { domain: 'Apple.Factory-Wager.com' } });
    expect(detectScope({ HOST: 'apple.factory-wager.com' }, matrix).scope).toBe('ACME');
  });

  it('a domain loses scheme, port, path, final dot and case', () => {
    expect(normaliseDomain(' HTTPS://A.Example.com.:80/p ')).toBe('a.example.com');
    expect(normaliseDomain('localhost:3000')).toBe('localhost');
  });
});

describe('what a detected scope lets data claim', () => {
  it('DASHBOARD_SCOPE: itself only', () => {
    const binding = bindingOf(detectScope({ DASHBOARD_SCOPE: 'ENTERPRISE' }), SCOPE_MATRIX);
    expect(binding).toEqual({ allowed: ['ENTERPRISE'], fallback: 'ENTERPRISE', from: 'environment' });
  });

  it('otherwise any scope of the matrix, and no claim means the detected one', () => {
    const binding = bindingOf(detectScope({ HOST: 'localhost' }), SCOPE_MATRIX);
    expect(binding).toEqual({
      allowed: ['ENTERPRISE', 'DEVELOPMENT', 'LOCAL-SANDBOX', 'global'],
      fallback: 'LOCAL-SANDBOX',
      from: 'host',
    });
  });
});
