import { describe, expect, it } from 'vitest';
import { componentsPage, errorsPage, limitsPage, optionTable } from '../../config/reference.ts';
import { ERRORS } from '../../pipeline/errors.ts';
import { registry } from '../support/config.ts';

describe('reference pages', () => {
  it('the errors are all there with what helps', () => {
    const page = errorsPage();
    for (const [name, { http }] of Object.entries(ERRORS)) expect(page).toContain(`| \`${name}\` | ${http} |`);
    expect(page).toContain(ERRORS.QUEUE_FULL.help);
  });

  it('a limit is described by the comment above it, of one line or several', () => {
    const source = 'x = {\n  /** One line. */\n  bodyBytes: 5,\n  /** Two\n   *  lines. */\n  idleMs: 7,\n  bare: 9,\n}';
    expect(limitsPage({ bodyBytes: 5000, idleMs: 7, bare: 9 }, source)).toContain(
      '| `bodyBytes` | 5,000 | One line. |\n| `idleMs` | 7 | Two lines. |\n| `bare` | 9 |  |\n',
    );
  });

  it('components link to their README', () => {
    expect(componentsPage(registry)).toContain('| exporter | [otlp_http](../../exporters/otlp_http/README.md) | `otlphttp` |');
  });

  it('an option table has one row per option and says when there is none', () => {
    const [batch] = registry.processors.filter(({ type }) => type === 'batch');
    expect(optionTable(batch!)).toContain('| `timeout` | duration | `"200ms"` |');
    const [none] = registry.receivers.filter(({ type }) => type === 'metrics_only');
    expect(optionTable(none!)).toBe('It has no options.');
  });
});
