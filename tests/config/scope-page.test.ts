import { describe, expect, it } from 'vitest';
import { scopePage } from '../../config/scope-page.ts';
import { rowFor } from '../../pipeline/scope/lookup.ts';
import { SCOPE_MATRIX } from '../../pipeline/scope/matrix.ts';
import { MINIMAL, planOf } from '../support/config.ts';

/** Cells of the table under a heading, by row; the first row is the head. */
function tableOf(title: string): string[][] {
  const section = scopePage().split(`\n## ${title}\n`)[1]?.split('\n## ')[0] ?? '';
  const lines = section.split('\n').filter((line) => line.startsWith('|') && !line.startsWith('|---'));
  return lines.map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

describe('the page of the scope matrix', () => {
  it('has eleven rows of twelve columns, with what the matrix says', () => {
    const [head, ...rows] = tableOf('Rows');
    expect(head).toHaveLength(12);
    expect(rows).toHaveLength(11);
    for (const [at, row] of rows.entries()) {
      const { scope, platform, domain, features, icon } = SCOPE_MATRIX[at]!;
      expect(row).toEqual(expect.arrayContaining([scope, platform, domain, features.join(', '), icon]));
    }
  });

  it('says what each column holds and which are optional', () => {
    expect(tableOf('Columns')).toHaveLength(13);
    expect(tableOf('Columns')).toContainEqual(['`domain`', expect.stringContaining('HOST'), 'a text, or empty']);
  });

  it('lists the checks by group, 37 in all, and the seven guardrails', () => {
    const groups = tableOf('Checks').slice(1);
    expect(groups.map(([, count]) => Number(count))).toEqual([4, 11, 4, 3, 11, 4]);
    expect(tableOf('Guardrails')).toHaveLength(8);
  });

  it('says of a flag who requires it and who has it', () => {
    expect(tableOf('Feature flags')).toContainEqual(['`AUDIT_LOGGING`', expect.any(String), 'premium', '', 'ENTERPRISE']);
    expect(tableOf('Feature flags')).toContainEqual(['`MOCK_API`', expect.any(String), '', 'yes', 'LOCAL-SANDBOX']);
  });

  it('has an example that loads without a fault or warning, and says what every option does', async () => {
    const yaml = /```yaml\n([\s\S]+?)```/.exec(scopePage())?.[1] ?? '';
    const { matrix, warnings } = await planOf(MINIMAL + yaml);
    expect(warnings).toEqual([]);
    expect(rowFor('APPLE', 'macOS', matrix)).toMatchObject({ tier: 'standard', icon: '🍎', retentionDays: 90 });
    expect(rowFor('ENTERPRISE', 'Linux', matrix)).toMatchObject({ connectionsMax: 50, secretsBackend: 'vault' });
    const options = tableOf('In a configuration').slice(1);
    expect(options.map(([name]) => name)).toEqual(
      expect.arrayContaining(['`domain`', '`tier`', '`storage_prefix`', '`platforms`']),
    );
    for (const [, , about] of options) expect(about).not.toBe('');
  });
});
