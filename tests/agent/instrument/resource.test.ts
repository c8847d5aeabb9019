import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { detectResource } from '../../../agent/instrument/resource.ts';
import { readSettings } from '../../../agent/instrument/settings.ts';
import { AGENT_NAME, AGENT_VERSION } from '../../../agent/instrument/version.ts';
import { temporaryFolders } from '../../support/temporary.ts';
import { read } from '../../support/tree.ts';

const resource = (environment: Record<string, string>, main?: string) =>
  detectResource(
    readSettings(environment, () => undefined),
    main,
  );

describe('the resource', () => {
  const folder = temporaryFolders();

  it('is named by the environment, else by package.json, else not at all', () => {
    const root = folder();
    const main = join(root, 'app.js');
    expect(resource({}, '/app.js')['service.name']).toBe('unknown_service:node');
    writeFileSync(join(root, 'package.json'), '{"name":"shop","version":"1.2.3"}');
    expect(resource({}, main)).toMatchObject({ 'service.name': 'shop', 'service.version': '1.2.3' });
    const given = { OTEL_RESOURCE_ATTRIBUTES: 'service.name=till,service.version=2' };
    expect(resource(given, main)).toMatchObject({ 'service.name': 'till', 'service.version': '2' });
    expect(resource({ ...given, OTEL_SERVICE_NAME: 'bar' }, main)['service.name']).toBe('bar');
    writeFileSync(join(root, 'package.json'), '{"name":');
    expect(resource({}, main)['service.name']).not.toBe('');
  });

  it.each(['shop', 'shop/app', 'bin/shop'])('is named by the package of a program that is written as %s', (written) => {
    const root = folder();
    for (const path of ['shop', 'bin']) mkdirSync(join(root, path));
    writeFileSync(join(root, 'package.json'), '{"name":"above"}');
    writeFileSync(join(root, 'shop/package.json'), '{"name":"shop"}');
    writeFileSync(join(root, 'shop/app.js'), '');
    // A program that npm links belongs to whoever has the link.
    symlinkSync(join(root, 'shop/app.js'), join(root, 'bin/shop'));
    expect(resource({}, join(root, written))['service.name']).toBe(written === 'bin/shop' ? 'above' : 'shop');
  });

  it('says where it runs, and nothing of the arguments', () => {
    const attributes = resource({});
    expect(Object.keys(attributes)).toEqual(
      expect.arrayContaining([
        'host.name',
        'host.arch',
        'os.type',
        'process.pid',
        'process.runtime.version',
        'telemetry.sdk.name',
      ]),
    );
    expect(Object.keys(attributes).filter((key) => /command|args|owner/.test(key))).toEqual([]);
    expect(attributes['telemetry.sdk.language']).toBe('nodejs');
  });

  it('has another instance each time, unless the environment gives one', () => {
    expect(resource({})['service.instance.id']).not.toBe(resource({})['service.instance.id']);
    expect(resource({ OTEL_RESOURCE_ATTRIBUTES: 'service.instance.id=7' })['service.instance.id']).toBe('7');
  });

  it('runs the detectors that are asked for', () => {
    const only = resource({ OTEL_NODE_RESOURCE_DETECTORS: 'os', OTEL_RESOURCE_ATTRIBUTES: 'a=b' });
    expect(only).toHaveProperty(['os.type']);
    expect(only).not.toHaveProperty(['host.name']);
    expect(only).not.toHaveProperty('a');
    expect(resource({ OTEL_NODE_RESOURCE_DETECTORS: 'none' })).not.toHaveProperty(['process.pid']);
  });

  it('claims the scope, and carries tenant, tier and domain', () => {
    expect(resource({ AGENT_SCOPE: 'scope=ENTERPRISE,tenant=acme,tier=high,domain=billing' })).toMatchObject({
      'periscope.scope': 'ENTERPRISE',
      'tenant.scope': 'acme',
      'tenant.tier': 'high',
      'service.criticality': 'high',
      'service.namespace': 'billing',
    });
    // No level that semantic conventions have.
    expect(resource({ AGENT_SCOPE: 'tier=gold' })).not.toHaveProperty(['service.criticality']);
    expect(resource({ HOST: 'box', DASHBOARD_SCOPE: '' })).not.toHaveProperty(['periscope.scope']);
  });

  it('knows the name and version of its own package', () => {
    const { name, version } = JSON.parse(read('agent/instrument/package.json')) as Record<string, string>;
    expect([AGENT_NAME, AGENT_VERSION]).toEqual([name, version]);
  });
});
