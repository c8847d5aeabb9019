import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { VARIABLES, variablesPage } from '../../../agent/instrument/variables.ts';
import { read, ROOT } from '../../support/tree.ts';

describe('environment.md', () => {
  it('is what variables.ts says', async () => {
    await expect(variablesPage()).toMatchFileSnapshot(join(ROOT, 'agent/instrument/environment.md'));
  });

  it('has each variable that the sources name, and says of those that are read that they count', () => {
    const listed = new Map(
      VARIABLES.flatMap(({ name, honoured }) =>
        [name.replace('[_METRICS]', ''), name.replace('[_METRICS]', '_METRICS')].map((each) => [each, honoured]),
      ),
    );
    const sources = ['settings.ts', 'scope-tags.ts'].map((file) => read(`agent/instrument/${file}`)).join('\n');
    const written = [...sources.matchAll(/'((?:OTEL|AGENT|DASHBOARD)_[A-Z_]+[A-Z])'/g)].map((match) => match[1]!);
    const suffixes = [...sources.matchAll(/names\('([A-Z_]+)'\)/g)].flatMap((match) => [
      `OTEL_EXPORTER_OTLP_${match[1]}`,
      `OTEL_EXPORTER_OTLP_METRICS_${match[1]}`,
    ]);
    const used = [...written, ...suffixes].filter((name) => name !== 'OTEL_EXPORTER_OTLP_METRICS');
    expect(used.length).toBeGreaterThan(25);
    expect(used.filter((name) => listed.get(name) === undefined || listed.get(name) === 'no')).toEqual([]);
  });
});
