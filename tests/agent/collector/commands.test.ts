import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { parse } from 'yaml';
import { components, printConfiguration, validate } from '../../../agent/collector/commands.ts';
import { REGISTRY, SECTIONS } from '../../../config/registry.ts';

const good = { config: ['config/default.yaml'], set: [] };

beforeEach(() => {
  vi.stubEnv('DASHBOARD_SCOPE', undefined);
  vi.stubEnv('HOST', undefined);
});
afterEach(() => vi.unstubAllEnvs());

describe('validate', () => {
  it('says what is valid and which pipelines it has', async () => {
    expect(await validate(good)).toEqual({ ok: true, text: 'config/default.yaml: valid; pipelines: metrics, traces, logs' });
  });

  it('says warnings of what is valid all the same', async () => {
    const { ok, text } = await validate({ ...good, set: ['processors.batch/unused='] });
    expect(ok).toBe(true);
    expect(text).toContain('warning: --set:1:1: processors::batch/unused: processor is not used');
  });

  it('lists every fault and how many there are', async () => {
    const { ok, text } = await validate({ ...good, set: ['service.ack=x', 'service.shutdown_timeout=y'] });
    expect(ok).toBe(false);
    expect(text.split('\n')).toHaveLength(3);
    expect(text).toMatch(/: 2 faults$/);
  });

  it('with components we lack says that they can be left out; then it checks the rest', async () => {
    const set = ['exporters.kafka={brokers: [a]}', 'service.pipelines.logs.exporters=[live, kafka]'];
    expect((await validate({ ...good, set })).text).toContain('--skip-unsupported leaves it out and checks the rest');
    const skipped = await validate({ ...good, set, skipUnsupported: true });
    expect(skipped.ok).toBe(true);
    expect(skipped.text).toContain('left out: Periscope has no exporter "kafka"');
  });
});

it('components lists all of this build, for people and for programs', () => {
  const types = SECTIONS.flatMap((section) => REGISTRY[section].map(({ type }) => type));
  for (const type of types) expect(components('table')).toMatch(new RegExp(`^\\w+ +${type} `, 'm'));
  const listed = parse(components('yaml')) as { components: { type: string }[] };
  expect(listed.components.map(({ type }) => type)).toEqual(types);
});

it('print-config refuses a bad configuration with its faults', async () => {
  await expect(printConfiguration({ ...good, set: ['service.ack=x'] })).rejects.toThrow(/1 fault\n {2}--set:1:1: service::ack/);
});
