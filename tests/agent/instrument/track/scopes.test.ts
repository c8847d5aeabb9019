import { describe, expect, it } from 'vitest';
import type { RequestTags } from '../../../../agent/instrument/track/contract.ts';
import { TRACK_LIMITS } from '../../../../agent/instrument/track/limits.ts';
import { carriesFreely, Scopes } from '../../../../agent/instrument/track/scopes.ts';
import { startTracking } from '../../../../agent/instrument/track/track.ts';
import { OwnEngine } from '../../../support/metric-engine.ts';

function tracking(carriesScopes: boolean) {
  const engine = new OwnEngine();
  const made = startTracking(engine.provider.getMeter('test'), { carriesScopes });
  const tenants = (): unknown[] =>
    engine.collect().flatMap(({ metric, attributes }) => (metric === 'op.duration' ? [attributes['tenant.scope']] : []));
  return { ...made, engine, tenants };
}

describe.each([
  ['with AsyncLocalStorage', true],
  ['without AsyncLocalStorage', false],
])('a scope %s', (_title, carries) => {
  it('tags operations that begin in it, active and ended, those of an inner one with both', () => {
    const app = tracking(carries);
    const work = app.tracked('work', () => 1);
    app.scope({ tenant: 'acme', tier: 'gold' }, () => app.scope({ tier: 'iron', domain: 'billing' }, work));
    const attributes = app.engine.collect().map((point) => point.attributes);
    const tags = { 'op.name': 'work', 'tenant.scope': 'acme', 'tenant.tier': 'iron', 'tenant.domain': 'billing' };
    expect(attributes).toEqual(expect.arrayContaining([tags, { ...tags, outcome: 'ok' }]));
  });

  it('gives back what its function gives, throws what it throws, and is over then', () => {
    const scopes = new Scopes(carries);
    const thrown = new Error('x');
    expect(scopes.run({ tenant: 'a' }, () => 7)).toBe(7);
    expect(() =>
      scopes.run({ tenant: 'a' }, () => {
        throw thrown;
      }),
    ).toThrow(thrown);
    expect(scopes.current).toBeUndefined();
  });

  it('adds its tags to those of a call', () => {
    const app = tracking(carries);
    const work = app.tracked('work', (plan: string) => plan, { tags: (plan) => ({ plan, 'tenant.scope': 'mine' }) });
    app.scope({ tenant: 'acme' }, () => work('gold'));
    const attributes = app.engine.collect().map((point) => point.attributes);
    expect(attributes).toContainEqual({ 'op.name': 'work', outcome: 'ok', plan: 'gold', 'tenant.scope': 'acme' });
  });

  it('keeps a failure apart from those of others', () => {
    const app = tracking(carries);
    const work = app.tracked('work', () => {
      throw new TypeError();
    });
    expect(() => app.scope({ tenant: 'a' }, work)).toThrow(TypeError);
    expect(() => app.scope({ tenant: 'b' }, work)).toThrow(TypeError);
    expect(app.tenants()).toEqual(['a', 'b']);
  });

  it('knows no more sets of tags than the limit', () => {
    const app = tracking(carries);
    for (let i = 0; i < TRACK_LIMITS.tagSets + 10; i++) app.scope({ tenant: `t${i}` }, () => app.track('work', () => 1));
    expect(app.tenants()).toHaveLength(TRACK_LIMITS.tagSets + 1);
    expect(app.tenants()).toContain('_OTHER');
  });

  it.each([
    ['numbers', { tenant: 7 }],
    ['nothing', undefined],
    [
      'a getter that throws',
      {
        get tenant() {
          throw new Error('x');
        },
      },
    ],
    ['other tags', { scope: 'ENTERPRISE' }],
  ])('of what is no tag is none: %s', (_what, tags) => {
    const app = tracking(carries);
    expect(app.scope(tags as unknown as RequestTags, () => app.track('work', () => 7))).toBe(7);
    expect(app.tenants()).toEqual([undefined]);
  });
});

describe('over await', () => {
  const twoRequests = async (carries: boolean): Promise<unknown[]> => {
    const app = tracking(carries);
    const request = (tenant: string): Promise<number> =>
      app.scope({ tenant }, async () => {
        await new Promise(setImmediate);
        return app.track('work', () => 1);
      });
    await Promise.all([request('a'), request('b')]);
    return app.tenants();
  };

  it('requests that run at once keep theirs with AsyncLocalStorage', async () => {
    expect((await twoRequests(true)).toSorted()).toEqual(['a', 'b']);
  });

  it('a request has none without it, rather than that of another', async () => {
    expect(await twoRequests(false)).toEqual([undefined]);
  });
});

describe('where it costs nothing', () => {
  it('is Node from 24 on, and Bun', () => {
    const node = (version: string, more = {}): NodeJS.ProcessVersions => ({ node: version, ...more }) as NodeJS.ProcessVersions;
    expect([node('20.20.2'), node('22.1.0'), node('24.0.0'), node('22.0.0', { bun: '1.4.5' })].map(carriesFreely)).toEqual([
      false,
      false,
      true,
      true,
    ]);
  });
});
