import { expect, test } from 'vitest';
import { exporters } from '../../exporters/index.ts';

test('types and aliases are one per exporter, and every one loads', async () => {
  const names = exporters.flatMap((exporter) => [exporter.type, ...(exporter.aliases ?? [])]);
  expect(new Set(names).size).toBe(names.length);
  for (const exporter of exporters) {
    expect(exporter.kind).toBe('exporter');
    expect(await exporter.load?.()).toHaveProperty('create');
  }
});
