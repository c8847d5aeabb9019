/** The three OTLP signals, in the order every table and report lists them. */
export const SIGNALS = ['metrics', 'traces', 'logs'] as const;
export type Signal = (typeof SIGNALS)[number];

/** What one item of a signal is called in the collector's own metrics and in our messages. */
export const ITEM_NAMES: Readonly<Record<Signal, string>> = {
  metrics: 'data points',
  traces: 'spans',
  logs: 'log records',
};
