import { ERRORS } from '../pipeline/errors.ts';
import { code, GENERATED, markdownTable } from './markdown.ts';
import { optionsOf } from './options.ts';
import { NOUN, SECTIONS, type AnyComponent, type Registry } from './registry.ts';

/** The generated pages of docs/reference and the option tables, as Markdown. Same input, same text. */

function page(title: string, about: string, header: readonly string[], rows: readonly (readonly string[])[]): string {
  return `${GENERATED}\n# ${title}\n\n${about}\n\n${markdownTable(header, rows)}\n`;
}

/** What stands between the markers of a component's README. */
export function optionTable(component: AnyComponent): string {
  const options = optionsOf(component.config).filter(({ path }) => path !== '');
  if (options.length === 0) return 'It has no options.';
  return markdownTable(
    ['option', 'type', 'default', 'what it does'],
    options.map(({ path, type, default: initial, description }) => [code(path), type, code(initial ?? ''), description]),
  );
}

export function errorsPage(): string {
  const rows = Object.entries(ERRORS).map(([name, { http, grpc, retryable, help }]) => [
    code(name),
    String(http),
    String(grpc),
    retryable ? 'yes' : 'no',
    help,
  ]);
  return page(
    'Errors',
    'Every fault that reaches a user: the code in our logs, counters and answers, and what helps.',
    ['code', 'HTTP', 'gRPC', 'may be retried', 'what helps'],
    rows,
  );
}

export function componentsPage(registry: Registry): string {
  const rows = SECTIONS.flatMap((section) =>
    registry[section].map(({ type, aliases, summary, signals }) => [
      NOUN[section],
      `[${type}](../../${section}/${type}/README.md)`,
      (aliases ?? []).map(code).join(', '),
      Object.entries(signals)
        .map(([signal, stability]) => `${signal} (${stability})`)
        .join(', '),
      summary,
    ]),
  );
  return page(
    'Components',
    'What a configuration may name in this build. `periscope components` prints the same.',
    ['kind', 'type', 'also', 'signals', 'what it does'],
    rows,
  );
}

/** `source` is the text of pipeline/limits.ts: its comments are the descriptions. */
export function limitsPage(limits: Readonly<Record<string, number>>, source: string): string {
  const rows = Object.entries(limits).map(([name, value]) => [
    code(name),
    value.toLocaleString('en-US'),
    commentOf(name, source),
  ]);
  return page(
    'Limits',
    'Every bound that is not an option, and the default of each that is. The unit is the last word of the name.',
    ['limit', 'value', 'what it bounds'],
    rows,
  );
}

function commentOf(name: string, source: string): string {
  const lines = source.split('\n');
  let end = lines.findIndex((line) => line.trimStart().startsWith(`${name}:`)) - 1;
  const text: string[] = [];
  // A comment of several lines stands directly above its limit.
  for (; end >= 0 && /^\s*(\/\*\*|\*)/.test(lines[end] ?? ''); end--) {
    text.unshift(
      (lines[end] ?? '')
        .replace(/^\s*(\/\*\*|\*(?!\/))\s?/, '')
        .replace(/\*\/\s*$/, '')
        .trim(),
    );
    if ((lines[end] ?? '').includes('/**')) break;
  }
  return text.filter((line) => line !== '').join(' ');
}
