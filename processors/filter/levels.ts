import type { Place } from './place.kernel.ts';

/** What a condition is asked about; OTTL calls it a context. The later sees the earlier ones of its signal. */
export const LEVELS = ['resource', 'scope', 'metric', 'datapoint', 'span', 'spanevent', 'log'] as const;
export type Level = (typeof LEVELS)[number];

/** The levels around one, itself last. */
export const SEEN: Readonly<Record<Level, readonly Level[]>> = {
  resource: ['resource'],
  scope: ['resource', 'scope'],
  metric: ['resource', 'scope', 'metric'],
  datapoint: ['resource', 'scope', 'metric', 'datapoint'],
  span: ['resource', 'scope', 'span'],
  spanevent: ['resource', 'scope', 'span', 'spanevent'],
  log: ['resource', 'scope', 'log'],
};

/** First names of a path that name a level. OTLP's InstrumentationScope is `scope` in OTTL too. */
export const PREFIXES: Readonly<Record<string, Level>> = {
  ...Object.fromEntries(LEVELS.map((level) => [level, level])),
  instrumentation_scope: 'scope',
};

/** Makes the message of a level the one at hand. */
export const GO_TO: Readonly<Record<Level, (at: Place) => void>> = {
  resource: (at) => at.be(at.descent.resourceStart, at.descent.resourceEnd),
  scope: (at) => at.be(at.descent.instrumentationScopeStart, at.descent.instrumentationScopeEnd),
  metric: (at) => at.be(at.descent.metricStart, at.descent.metricEnd),
  datapoint: (at) => at.be(at.descent.itemStart, at.descent.itemEnd),
  span: (at) => at.be(at.descent.itemStart, at.descent.itemEnd),
  spanevent: (at) => at.be(at.eventStart, at.eventEnd),
  log: (at) => at.be(at.descent.itemStart, at.descent.itemEnd),
};
