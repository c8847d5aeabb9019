/** Colours by meaning, as names of custom properties. */
const SERIES = 8;
export const seriesColour = (at: number): string => `--series-${(at % SERIES) + 1}`;

export const SIGNAL_COLOURS: Readonly<Record<string, string>> = {
  metrics: '--series-1',
  traces: '--series-5',
  logs: '--series-3',
};

/** Each service its colour, as far as there are different ones: by its place among all names, not by what a page shows. */
export const servicePalette = (names: readonly string[]): Map<string, string> =>
  new Map(names.toSorted().map((name, at) => [name, seriesColour(at)]));

export type Tone = 'good' | 'warn' | 'bad' | 'info' | '';
/** By OpenTelemetry's numbers: 1–4 trace, 5–8 debug, 9–12 info, 13–16 warn, 17–20 error, 21–24 fatal. */
export function severityTone(number: number): Tone {
  return number >= 17 ? 'bad' : number >= 13 ? 'warn' : number >= 9 ? 'info' : '';
}
export const SEVERITIES = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;
export function severityName(number: number): string {
  return number < 1 ? 'none' : (SEVERITIES[Math.min(5, Math.floor((number - 1) / 4))] ?? 'fatal');
}
export const SEVERITY_COLOURS: Readonly<Record<string, string>> = {
  none: '--ink-3',
  trace: '--line-strong',
  debug: '--ink-3',
  info: '--calm',
  warn: '--warn',
  error: '--bad',
  fatal: '--series-4',
};
