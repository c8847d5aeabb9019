import { CHECK_GROUPS, checkMatrix } from '../pipeline/scope/checks.ts';
import { COLUMNS, SECRETS_BACKENDS } from '../pipeline/scope/columns.ts';
import { FEATURES } from '../pipeline/scope/features.ts';
import { GUARDRAILS } from '../pipeline/scope/guardrails.ts';
import { SCOPE_MATRIX } from '../pipeline/scope/matrix.ts';
import { code, GENERATED, markdownTable } from './markdown.ts';
import { optionsOf } from './options.ts';
import { scopesSchema } from './scopes.ts';

/** docs/reference/scope-matrix.md: the matrix and its rules, from the code that holds them. */
export function scopePage(): string {
  const sections: [title: string, about: string, table: string][] = [
    ['Columns', 'The names are those of the `scopes:` section, of `--json` and of tab-separated output.', columnsTable()],
    ['Rows', 'A row applies to its platform; `any` to all. On a platform without a row, Linux’s applies.', matrixTable()],
    [
      'In a configuration',
      'A name that is there has its rows changed, a new one is a new scope with one row for every platform. ' +
        'What is not written of a new scope is what its tier asks for.',
      `${EXAMPLE}\n\n${optionsTable()}`,
    ],
    [
      'In an app',
      'From `@periscope-otel/collector/scope`, which loads nothing else. `DASHBOARD_SCOPE` decides as what the app runs, else ' +
        'its `HOST`; give `detectScope` a name of the machine, never a request’s Host header. None of these changes a foreign claim into a good one.',
      APP,
    ],
    [
      'Feature flags',
      'A scope may have flags of its own (A-Z, 0-9, _), and the flag of its domain: `apple.factory-wager.com` is `APPLE_FACTORY_WAGER_COM_TENANT`.',
      featuresTable(),
    ],
    ['Secrets backends', 'The guardrail asks premium and standard scopes for one that protects what it holds.', backendsTable()],
    [
      'Checks',
      `What must hold of any matrix: ${checkMatrix(SCOPE_MATRIX).length} checks for this one, more with each scope that is added. One that fails stops a start.`,
      checksTable(),
    ],
    ['Guardrails', 'What makes a matrix fit for use. A start warns of one that is broken.', guardrailsTable()],
  ];
  const about =
    'Which scopes exist and what belongs to each on each platform. Scope and domain decide what a process runs as and what ' +
    'data may claim; the other columns are for whatever acts for a scope. The `scopes:` section of a configuration adds ' +
    'scopes and changes columns, `periscope scopes` prints the result, and `periscope scopes check` judges it: exit code 1 ' +
    'when a check fails or a guardrail is broken. Why it is so: [decision 0008](../decisions/0008-scope-matrix.md).';
  const body = sections.map(([title, text, table]) => `## ${title}\n\n${text}\n\n${table}\n`).join('\n');
  return `${GENERATED}\n# The scope matrix\n\n${about}\n\n${body}`;
}

/** tests/config/scope-page.test.ts loads it. */
const EXAMPLE = `\`\`\`yaml
scopes:
  APPLE:
    domain: apple.factory-wager.com   # a machine with this HOST runs as APPLE
    tier: standard
    colour: "#e11d48"
    icon: 🍎
  ENTERPRISE:
    connections_max: 50
    platforms:
      Linux: { secrets_backend: vault }
\`\`\``;

/** tests/system/scopes-check.test.ts runs it: each comment is what the line prints. */
const APP = `\`\`\`js
import { assignScope, detectScope, domainToFeature, sanitizeProperties, scopedFeatures, validateMetricScope } from '@periscope-otel/collector/scope';

const scope = detectScope('dev.duoplus.io');
console.log(scope);                                                     // DEVELOPMENT
console.log(scopedFeatures(scope).includes('DEBUG'));                   // true
console.log(domainToFeature('apple.factory-wager.com'));                // APPLE_FACTORY_WAGER_COM_TENANT

const metric = assignScope({ id: 'latency', properties: { op: 'put' } }, scope);
console.log(metric.properties.scope);                                   // DEVELOPMENT
console.log(validateMetricScope(metric, scope).isValid);                // true
console.log(validateMetricScope(metric, 'ENTERPRISE').reason);          // cannot accept the metric: it claims scope "DEVELOPMENT", this is "ENTERPRISE"; correct it, or leave it out
console.log(sanitizeProperties({ 'a b': 12.5, text: 'two\\nlines' }));   // { a_b: '12.5', text: 'two lines' }
\`\`\``;

function optionsTable(): string {
  const options = optionsOf(scopesSchema).filter(({ path }) => !path.startsWith('*.platforms.'));
  return markdownTable(
    ['option', 'type', 'what it does'],
    options.map(({ path, type, description }) => [code(path.replace('*.', '')), type, description]),
  );
}

function columnsTable(): string {
  const rows = COLUMNS.map(({ name, about, wanted, optional }) => [
    code(name),
    about,
    optional === true ? `${wanted}, or empty` : wanted,
  ]);
  return markdownTable(['column', 'what it says', 'value'], rows);
}

function matrixTable(): string {
  const cell = (value: unknown): string => (Array.isArray(value) ? value.join(', ') : String(value));
  return markdownTable(
    COLUMNS.map(({ name }) => name.replaceAll('_', ' ')),
    SCOPE_MATRIX.map((row) => COLUMNS.map(({ key }) => cell(row[key]))),
  );
}

function featuresTable(): string {
  return markdownTable(
    ['flag', 'meaning', 'required by', 'development only', 'on in'],
    Object.entries(FEATURES).map(([name, { about, requiredBy, development }]) => [
      code(name),
      about,
      requiredBy.join(', '),
      development ? 'yes' : '',
      [...new Set(SCOPE_MATRIX.filter(({ features }) => features.includes(name)).map(({ scope }) => scope))].join(', '),
    ]),
  );
}

function backendsTable(): string {
  return markdownTable(
    ['secrets backend', 'platforms', 'protects what it holds'],
    Object.entries(SECRETS_BACKENDS).map(([name, { platforms, managed }]) => [
      code(name),
      platforms.join(', '),
      managed ? 'yes' : 'no',
    ]),
  );
}

function checksTable(): string {
  const verdicts = checkMatrix(SCOPE_MATRIX);
  return markdownTable(
    ['group', 'checks', 'holds when', 'for'],
    Object.entries(CHECK_GROUPS).map(([group, about]) => {
      const names = verdicts.filter((verdict) => verdict.group === group).map(({ name }) => name);
      return [group, String(names.length), about, names.join(', ')];
    }),
  );
}

function guardrailsTable(): string {
  return markdownTable(
    ['guardrail', 'holds when'],
    Object.entries(GUARDRAILS).map(([name, about]) => [name, about]),
  );
}
