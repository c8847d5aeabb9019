import { describe, expect, it } from 'vitest';
import { foreignTypes, replacementFor } from '../../config/foreign.ts';
import { componentTypes, REGISTRY, SECTIONS } from '../../config/registry.ts';

describe('components of the Go collector that Periscope lacks', () => {
  it('are told apart from those it has', () => {
    for (const section of SECTIONS) {
      const ours = new Set(componentTypes(REGISTRY, section));
      expect(foreignTypes(section).filter((type) => ours.has(type))).toEqual([]);
    }
  });

  it.each([
    ['receivers', 'prometheus'],
    ['receivers', 'hostmetrics'],
    ['receivers', 'file_log'],
    ['processors', 'transform'],
    ['processors', 'k8s_attributes'],
    ['exporters', 'prometheusremotewrite'],
    ['exporters', 'awss3'],
    ['connectors', 'spanmetrics'],
    ['extensions', 'file_storage'],
  ] as const)('%s %s has advice, in either spelling of its name', (section, type) => {
    expect(replacementFor(section, type)).toMatch(/\S{3}/);
    expect(replacementFor(section, type)).not.toMatch(/undefined/);
  });

  it('cover what people use: at least 80 types', () => {
    expect(SECTIONS.flatMap(foreignTypes).length).toBeGreaterThanOrEqual(80);
  });

  it('advice names only exporters, receivers and options that are there', () => {
    const advice = SECTIONS.flatMap((section) => foreignTypes(section).map((type) => replacementFor(section, type) ?? ''));
    for (const text of advice) expect(text).not.toMatch(/\b(s3_parquet|windows|dashboard|aws_emf|otlp_grpc)\b/);
  });
});
