/** One metric with all its series, as the Prometheus text formats list it. */
export interface Family {
  /** Without `_total`: whether a counter's name ends so is the format's business. */
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge';
  /** Some dashboards know this counter without `_total`; ours always end so. */
  readonly bare?: boolean;
  readonly samples: readonly Sample[];
}

export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export type Format = 'text' | 'openmetrics';

export const CONTENT_TYPES: Readonly<Record<Format, string>> = {
  text: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
};

/**
 * Prometheus text 0.0.4, or OpenMetrics 1.0, in which a counter without `_total` would be none. Families without series
 * are left out. Sources: prometheus/docs exposition_formats.md; OpenMetrics specification 1.0.
 */
export function expose(families: readonly Family[], format: Format): string {
  let text = '';
  for (const { name, help, type, bare, samples } of families) {
    if (samples.length === 0) continue;
    const series = type === 'counter' && bare !== true ? `${name}_total` : name;
    const family = format === 'openmetrics' ? name : series;
    text += `# HELP ${family} ${format === 'openmetrics' ? escapeLabel(help) : escapeHelp(help)}\n# TYPE ${family} ${type}\n`;
    for (const { labels, value } of samples) text += `${series}${labelText(labels)} ${numberText(value)}\n`;
  }
  return format === 'openmetrics' ? `${text}# EOF\n` : text;
}

function labelText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([key, value]) => `${key}="${escapeLabel(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function numberText(value: number): string {
  if (value === Infinity) return '+Inf';
  return value === -Infinity ? '-Inf' : String(value);
}

function escapeHelp(text: string): string {
  return text.replaceAll('\\', String.raw`\\`).replaceAll('\n', String.raw`\n`);
}

function escapeLabel(text: string): string {
  return escapeHelp(text).replaceAll('"', String.raw`\"`);
}

/** What a scraper asks for, of what we have: OpenMetrics where its Accept header weighs it no less than plain text. */
export function formatFor(accept: string): Format {
  let text = 0;
  let open = 0;
  for (const part of accept.split(',')) {
    const [type = '', ...parameters] = part.split(';').map((each) => each.trim().toLowerCase());
    const q = parameters.find((each) => each.startsWith('q='));
    const weight = q === undefined ? 1 : Number(q.slice(2)) || 0;
    const version = parameters.find((each) => each.startsWith('version='));
    if (type === 'application/openmetrics-text' && (version === undefined || /^version="?1\.0\.0"?$/.test(version)))
      open = Math.max(open, weight);
    else if (type === 'text/plain' || type === 'text/*' || type === '*/*') text = Math.max(text, weight);
  }
  return open > 0 && open >= text ? 'openmetrics' : 'text';
}
