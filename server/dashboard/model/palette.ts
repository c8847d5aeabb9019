/** Colours by meaning, as names of custom properties. */
const SERIES = 8;
export const seriesColour = (at: number): string => `--series-${(at % SERIES) + 1}`;

export const SIGNAL_COLOURS: Readonly<Record<string, string>> = {
  metrics: '--series-1',
  traces: '--series-5',
  logs: '--series-3',
};

/** A service has its colour wherever it is seen: by its name, not by its place in a list. */
export function serviceColour(name: string): string {
  let hash = 2166136261;
  for (let at = 0; at < name.length; at += 1) hash = Math.imul(hash ^ name.charCodeAt(at), 16777619);
  return seriesColour((hash >>> 8) % SERIES);
}

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
  info: '--info',
  warn: '--warn',
  error: '--bad',
  fatal: '--series-4',
};
