import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { assignScope, validateMetricScope, type ClaimingMetric } from '../../../pipeline/scope/claim.ts';
import { scopeNames, SCOPE_MATRIX } from '../../../pipeline/scope/matrix.ts';

const scope = fc.constantFrom(...scopeNames(SCOPE_MATRIX));
const holder = fc.dictionary(
  fc.constantFrom('scope', 'periscope.scope', 'dashboard.scope', 'a', '__proto__'),
  fc.oneof(scope, fc.anything()),
);
const metric: fc.Arbitrary<ClaimingMetric> = fc.record(
  { properties: holder, attributes: holder, id: fc.string() },
  { requiredKeys: [] },
);

describe('validateMetricScope', () => {
  it('accepts the scope it runs as, under any of the three keys, and says both', () => {
    for (const key of ['scope', 'periscope.scope', 'dashboard.scope'])
      expect(validateMetricScope({ properties: { [key]: 'ENTERPRISE' } }, 'ENTERPRISE')).toEqual({
        isValid: true,
        currentScope: 'ENTERPRISE',
        metricScope: 'ENTERPRISE',
      });
    expect(validateMetricScope({ attributes: { 'periscope.scope': 'global' } }, 'global').isValid).toBe(true);
    expect(validateMetricScope({ attributes: { scope: 'anything' } }, 'global').isValid).toBe(true);
  });

  it('refuses another scope with a reason', () => {
    expect(validateMetricScope({ properties: { scope: 'DEVELOPMENT' } }, 'ENTERPRISE')).toEqual({
      isValid: false,
      reason: 'cannot accept the metric: it claims scope "DEVELOPMENT", this is "ENTERPRISE"; correct it, or leave it out',
      currentScope: 'ENTERPRISE',
      metricScope: 'DEVELOPMENT',
    });
  });

  it.each(['enterprise', 'ENTERPRISE ', 'ENTER*', '*', '', ['ENTERPRISE'], { scope: 'ENTERPRISE' }, 7, null, true])(
    '%j is not ENTERPRISE',
    (claim) => {
      expect(validateMetricScope({ properties: { scope: claim } }, 'ENTERPRISE').isValid).toBe(false);
    },
  );

  it('one foreign claim among good ones is enough', () => {
    const mixed = { properties: { scope: 'ENTERPRISE', 'dashboard.scope': 'DEVELOPMENT' } };
    expect(validateMetricScope(mixed, 'ENTERPRISE').isValid).toBe(false);
    expect(
      validateMetricScope(
        { ...mixed, properties: { scope: 'ENTERPRISE' }, attributes: { 'periscope.scope': 'x' } },
        'ENTERPRISE',
      ),
    ).toMatchObject({
      isValid: false,
      metricScope: 'ENTERPRISE',
    });
  });

  it('without a claim is valid, or not with onMissing reject', () => {
    expect(validateMetricScope({ properties: {} }, 'global')).toEqual({
      isValid: true,
      currentScope: 'global',
      metricScope: undefined,
    });
    expect(validateMetricScope({}, 'global', 'reject')).toMatchObject({
      isValid: false,
      reason: expect.stringContaining('assignScope'),
    });
  });

  it('judges by the scope of the process unless told', () => {
    vi.stubEnv('DASHBOARD_SCOPE', 'DEVELOPMENT');
    expect(validateMetricScope({ properties: { scope: 'DEVELOPMENT' } })).toMatchObject({
      isValid: true,
      currentScope: 'DEVELOPMENT',
    });
    vi.unstubAllEnvs();
  });

  it('an inherited claim is none', () => {
    const properties = Object.create({ scope: 'DEVELOPMENT' }) as Record<string, unknown>;
    expect(validateMetricScope({ properties }, 'ENTERPRISE')).toMatchObject({ isValid: true, metricScope: undefined });
  });

  it.each([null, undefined, 7, 'text'])('%j is no metric', (value) => {
    expect(validateMetricScope(value as never, 'global')).toMatchObject({
      isValid: false,
      reason: 'cannot accept the metric: it is no object',
    });
  });
});

describe('assignScope', () => {
  it('gives a metric its scope without touching the input', () => {
    const input = Object.freeze({ id: 'x', properties: Object.freeze({ a: 1 }) });
    expect(assignScope(input, 'ENTERPRISE')).toEqual({ id: 'x', properties: { a: 1, scope: 'ENTERPRISE' } });
    expect(input).toEqual({ id: 'x', properties: { a: 1 } });
    expect(assignScope({}, 'ENTERPRISE')).toEqual({ properties: { scope: 'ENTERPRISE' } });
    expect(assignScope({ attributes: { a: 1 } }, 'ENTERPRISE')).toEqual({
      attributes: { a: 1, 'periscope.scope': 'ENTERPRISE' },
    });
    expect(assignScope({ properties: { scope: undefined } }, 'ENTERPRISE')).toEqual({ properties: { scope: 'ENTERPRISE' } });
  });

  it('never makes a foreign claim a good one', () => {
    const foreign = { properties: { scope: 'DEVELOPMENT' } };
    expect(assignScope(foreign, 'ENTERPRISE')).toBe(foreign);
  });

  it('is idempotent: twice is the same object as once', () => {
    fc.assert(
      fc.property(metric, scope, scope, (each, one, other) => {
        const assigned = assignScope(each, one);
        expect(assignScope(assigned, other)).toBe(assigned);
      }),
      { endOnFailure: true },
    );
  });

  it('what it assigned is valid in that scope and in no other; what it left alone is judged as before', () => {
    fc.assert(
      fc.property(metric, scope, scope, (each, one, other) => {
        const assigned = assignScope(each, one);
        if (assigned === each)
          expect(validateMetricScope(each, one, 'reject').metricScope).toBe(validateMetricScope(each, other).metricScope);
        else expect(validateMetricScope(assigned, other, 'reject').isValid).toBe(one === other);
      }),
      { endOnFailure: true },
    );
  });
});
