export interface Series {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const PAIR = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(?:,|$)/;
const VALUE = /^[+-]?(?:\d+(?:\.\d+)?(?:e[+-]?\d+)?|Inf)$/i;

/**
 * Prometheus text 0.0.4 as strictly as it can be read: HELP and TYPE once and before the series, series of one metric
 * together, no series twice, names and escapes by the letter. Throws with the line.
 */
export function parsePrometheusText(text: string): Series[] {
  if (!text.endsWith('\n')) throw new Error('no newline at the end');
  const series: Series[] = [];
  const seen = new Set<string>();
  const families = new Map<string, { type?: string }>();
  let current = '';
  for (const line of text.slice(0, -1).split('\n')) {
    const fail = (why: string): never => {
      throw new Error(`${why}: ${line}`);
    };
    const meta = /^# (HELP|TYPE) (\S+) (.+)$/s.exec(line);
    if (meta !== null) {
      const [, kind, name = '', rest = ''] = meta;
      if (kind === 'HELP') {
        if (families.has(name)) fail('a metric twice');
        families.set(name, {});
        current = name;
      } else {
        const family = families.get(name) ?? fail('TYPE without HELP');
        if (name !== current || family.type !== undefined) fail('TYPE out of place');
        if (!['counter', 'gauge'].includes(rest)) fail('no such type');
        family.type = rest;
      }
      continue;
    }
    const parts = /^([^{\s]+)(?:\{(.*)\})? (\S+)$/s.exec(line) ?? fail('no series');
    const [, name = '', pairs = '', value = ''] = parts;
    if (name !== current || families.get(name)?.type === undefined) fail('a series out of place');
    if (!NAME.test(name)) fail('no name');
    if (!VALUE.test(value)) fail('no value');
    const labels = parseLabels(pairs, fail);
    const key = `${name}${JSON.stringify(Object.entries(labels).toSorted())}`;
    if (seen.has(key)) fail('a series twice');
    seen.add(key);
    series.push({ name, labels, value: Number(value.replace('Inf', 'Infinity')) });
  }
  return series;
}

function parseLabels(pairs: string, fail: (why: string) => never): Record<string, string> {
  const labels: Record<string, string> = {};
  let rest = pairs;
  while (rest !== '') {
    const pair = PAIR.exec(rest) ?? fail('no label');
    const [whole, key = '', value = ''] = pair;
    if (key in labels) fail('a label twice');
    labels[key] = value.replaceAll(/\\(.)/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped));
    rest = rest.slice(whole.length);
  }
  return labels;
}

/** The sum of the series of `name` whose labels are at least `labels`; undefined when there is none. */
export function sumOf(
  series: readonly Series[],
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number | undefined {
  const found = series.filter(
    (each) => each.name === name && Object.entries(labels).every(([key, value]) => each.labels[key] === value),
  );
  return found.length === 0 ? undefined : found.reduce((sum, { value }) => sum + value, 0);
}
