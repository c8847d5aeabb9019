import { z } from 'zod';
import { checkConditions, CONDITION_LISTS, LEVELS_OF, readCondition } from './conditions.ts';
import { LEVELS, type Level } from './levels.ts';
import { logFields, metricFields, spanFields } from './match-config.ts';

const errorMode = z.enum(['ignore', 'silent', 'propagate']);
const ABOUT: Readonly<Record<Level, string>> = {
  resource: 'Everything of a resource goes when one of these is true.',
  scope: 'Everything of an instrumentation scope goes when one of these is true.',
  metric: 'A metric goes when one of these is true.',
  datapoint: 'A data point goes when one of these is true.',
  span: 'A span goes when one of these is true.',
  spanevent: 'A span event goes when one of these is true; its span stays.',
  log: 'A log record goes when one of these is true.',
};

/** Conditions about one level, the form before v0.146 of the Go collector. */
const about = (level: Level) =>
  z
    .array(
      z.string().superRefine((text, context) => {
        const fault = checkConditions(() => readCondition(text, level));
        if (fault !== undefined) context.addIssue({ code: 'custom', message: fault, input: text });
      }),
    )
    .default([])
    .meta({ description: ABOUT[level] });

type Signal = keyof typeof LEVELS_OF;

/** Conditions whose level is seen from the first names of their paths, or given for a group of them. */
function inferred(signal: Signal) {
  const group = z
    .strictObject({
      context: z.enum(LEVELS).optional().meta({ description: 'What the conditions are about; left out, their paths say it.' }),
      error_mode: errorMode.optional().meta({ description: 'In the place of the error_mode above.' }),
      conditions: z.array(z.string()).min(1).meta({ description: 'What goes when one of these is true.' }),
    })
    .superRefine(({ context: level, conditions }, context) => {
      if (level !== undefined && !LEVELS_OF[signal].includes(level)) {
        const message = `is nothing that ${signal} have; one of ${LEVELS_OF[signal].join(', ')} is expected`;
        context.addIssue({ code: 'custom', path: ['context'], message, input: level });
        return;
      }
      for (const [i, text] of conditions.entries()) {
        const fault = checkConditions(() => readCondition(text, level, LEVELS_OF[signal]));
        if (fault !== undefined) context.addIssue({ code: 'custom', path: ['conditions', i], message: fault, input: text });
      }
    });
  const text = z.string().superRefine((given, context) => {
    const fault = checkConditions(() => readCondition(given, undefined, LEVELS_OF[signal]));
    if (fault !== undefined) context.addIssue({ code: 'custom', message: fault, input: given });
  });
  return z
    .union([z.array(text), z.array(group)])
    .default([])
    .meta({ description: `Conditions about ${signal}: texts, or maps that group them.` });
}

/** The three forms do not mix for one signal: its lists of conditions, its conditions, its include and exclude. */
const FORMS = [
  ['metrics', 'metric_conditions', 'metrics'],
  ['traces', 'trace_conditions', 'spans'],
  ['logs', 'log_conditions', 'logs'],
] as const;

export const config = z
  .strictObject({
    error_mode: errorMode.default('ignore').meta({
      description:
        'When a condition has no answer (a text function on a number, …): ignore goes on with the next and logs, silent does not log, propagate drops the batch.',
    }),
    metrics: z
      .strictObject({ resource: about('resource'), metric: about('metric'), datapoint: about('datapoint'), ...metricFields })
      .prefault({})
      .meta({ description: 'What of metrics is dropped.' }),
    traces: z
      .strictObject({ resource: about('resource'), span: about('span'), spanevent: about('spanevent') })
      .prefault({})
      .meta({ description: 'What of traces is dropped.' }),
    logs: z
      .strictObject({ resource: about('resource'), log_record: about('log'), ...logFields })
      .prefault({})
      .meta({ description: 'What of logs is dropped.' }),
    spans: z
      .strictObject(spanFields)
      .prefault({})
      .meta({ description: 'What spans are kept or dropped, in the oldest form; `traces` and `trace_conditions` say more.' }),
    metric_conditions: inferred('metrics'),
    trace_conditions: inferred('traces'),
    log_conditions: inferred('logs'),
  })
  .superRefine((given, context) => {
    const fault = (path: PropertyKey[], message: string): void =>
      context.addIssue({ code: 'custom', path, message, input: given });
    for (const [lists, conditions, matches] of FORMS) {
      const own: Readonly<Record<string, unknown>> = given[lists];
      const isListed = CONDITION_LISTS[lists].some((level) => (own[level] as readonly string[]).length > 0);
      if (isListed && given[conditions].length > 0)
        fault([conditions], `cannot stand beside ${lists}; write all conditions here`);
      const { include, exclude } = given[matches];
      const which = include ? 'include' : 'exclude';
      if ((include ?? exclude) && (isListed || given[conditions].length > 0))
        fault([matches, which], 'cannot stand beside conditions about the same signal; write it as one more condition');
    }
  })
  .prefault({});

export type Config = z.output<typeof config>;
