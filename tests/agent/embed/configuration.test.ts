import { describe, expect, it } from 'vitest';
import { embeddedConfigPath, partsOf } from '../../../agent/embed/configuration.ts';
import { EmbeddedCore } from '../../../agent/embed/embedded-core.ts';
import { packageRoot } from '../../../agent/collector/package-root.ts';
import { loadConfig } from '../../../config/load.ts';
import { StartError } from '../../../pipeline/errors.ts';

describe('what startCollector is given as a configuration', () => {
  it('is a URI, YAML text, an object, or several of them', () => {
    expect(partsOf(undefined)).toEqual([]);
    expect(partsOf('a.yaml')).toEqual(['a.yaml']);
    expect(partsOf('yaml:a:\n  b')).toEqual(['yaml:a:\n  b']);
    expect(partsOf('a:\n  b: 1\n')).toEqual([{ name: 'the configuration', text: 'a:\n  b: 1\n' }]);
    expect(partsOf({ a: 1 })).toEqual([{ name: 'the configuration', text: '{\n  "a": 1\n}' }]);
    expect(partsOf(['a.yaml', { a: 1 }])).toEqual(['a.yaml', { name: 'the configuration 2', text: '{\n  "a": 1\n}' }]);
  });

  it('is data: an object that holds itself is refused in words', () => {
    const ring: Record<string, unknown> = {};
    ring['ring'] = ring;
    expect(() => partsOf(ring)).toThrow(StartError);
    expect(() => partsOf({ size: 1n })).toThrow(/^cannot read the configuration: /);
    expect(() => partsOf(() => ({}))).toThrow(/^cannot read the configuration: a function is no data$/);
    expect(() => partsOf([{}, Symbol('a')] as never)).toThrow(/^cannot read the configuration 2: a symbol is no data$/);
  });

  it('substitutes the environment, in objects, too', async () => {
    process.env['EMBEDDED_TEST_SCOPE'] = 'NOBODY';
    const settings = {
      config: partsOf({ receivers: { otlp: { protocols: { in_process: { scope: '${env:EMBEDDED_TEST_SCOPE}' } } } } }),
      set: [],
      skipUnsupported: false,
    };
    const host = { log: () => {}, claim: () => Promise.resolve(true) };
    try {
      await expect(EmbeddedCore.start(settings, host)).rejects.toThrow(/NOBODY/);
    } finally {
      delete process.env['EMBEDDED_TEST_SCOPE'];
    }
  });
});

describe('the shipped configuration', () => {
  it('has no fault, no warning, and nothing that listens', async () => {
    const loaded = await loadConfig([{ kind: 'file', path: embeddedConfigPath(packageRoot()) }], { environment: {} });
    if (!('plan' in loaded)) throw new Error(JSON.stringify(loaded.faults));
    expect(loaded.warnings).toEqual([]);
    expect(loaded.plan.extensions).toEqual([]);
    expect(loaded.plan.receivers.map(({ config }) => config)).toEqual([{ protocols: { in_process: {} } }]);
    for (const { processors } of loaded.plan.pipelines) expect(processors.slice(0, 2)).toEqual(['memory_limiter', 'scope']);
  });
});
