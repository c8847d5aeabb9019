import { z } from 'zod';
import { isEmptyMatch, matchFaults, matchFields, type MatchConfig } from '../../pipeline/attributes/match-config.ts';

/** `include` and `exclude`, which the Go collector had before conditions and keeps (filterprocessor v0.155, config.go). */
const { match_type, regexp, services, span_names, span_kinds, attributes, resources, libraries } = matchFields;
const { metric_names, log_bodies, log_severity_texts } = matchFields;

const LEVEL_NAMES = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'];
const SEVERITIES: readonly string[] = LEVEL_NAMES.flatMap((name) => [name, `${name}2`, `${name}3`, `${name}4`]);
const EXPR =
  'expr is not supported; write a condition instead, such as metric_conditions: [\'metric.name == "a" and HasAttrOnDatapoint("key", "value")\']' +
  ' (MetricName is metric.name, Label is HasAttrOnDatapoint, HasLabel is HasAttrKeyOnDatapoint; of an include, not (…))';

type Report = (path: PropertyKey[], message: string) => void;
const reporter =
  (context: z.core.$RefinementCtx, input: unknown): Report =>
  (path, message) =>
    context.addIssue({ code: 'custom', path, message, input });

const spanMatch = z
  .strictObject({ match_type, regexp, services, span_names, span_kinds, attributes, resources, libraries })
  .superRefine((match, context) => {
    const report = reporter(context, match);
    if (isEmptyMatch(match)) report([], 'needs something to match, such as services or span_names');
    for (const [path, message] of matchFaults(match)) report(path, message);
  });

const metricMatch = z
  .strictObject({
    match_type: z
      .enum(['strict', 'regexp', 'expr'])
      .meta({ description: 'How texts are compared: as a whole, or with RE2 patterns; expr is not supported.' }),
    regexp,
    metric_names,
    expressions: z.array(z.string()).default([]).meta({ description: 'Of match_type expr, which is not supported.' }),
    resource_attributes: resources,
  })
  .superRefine((match, context) => {
    const report = reporter(context, match);
    if (match.match_type === 'expr') return report(['match_type'], EXPR);
    if (match.expressions.length > 0) report(['expressions'], EXPR);
    const { metric_names: names, resource_attributes: pairs } = match;
    reportRenamed({ match_type: match.match_type, metric_names: names, resources: pairs }, METRIC_KEYS, report);
  });

const logMatch = z
  .strictObject({
    match_type: match_type.optional(),
    resource_attributes: resources,
    record_attributes: attributes,
    severity_texts: log_severity_texts,
    severity_number: z
      .strictObject({
        min: z
          .union([z.string(), z.int()])
          .default('')
          .refine((given) => given === '' || severityNumber(given) > 0, {
            error: `must be a severity: 1 to 24, or one of ${SEVERITIES.join(', ')}`,
          })
          .meta({ description: 'Lowest severity that matches, such as WARN or 13.' }),
        match_undefined: z.boolean().default(false).meta({ description: 'Log records without a severity number match too.' }),
      })
      .nullish()
      .meta({ description: 'Severity number of the log record.' }),
    bodies: log_bodies,
  })
  .superRefine((match, context) => {
    const { match_type: type, resource_attributes, record_attributes, severity_texts, bodies } = match;
    const isCompared =
      severity_texts.length + bodies.length > 0 ||
      [...resource_attributes, ...record_attributes].some(({ value }) => value !== undefined);
    const report = reporter(context, match);
    if (type === undefined) {
      if (isCompared) report(['match_type'], 'is missing; strict or regexp is expected');
      return;
    }
    const lists = { resources: resource_attributes, attributes: record_attributes };
    reportRenamed({ match_type: type, log_bodies: bodies, log_severity_texts: severity_texts, ...lists }, LOG_KEYS, report);
  });

const METRIC_KEYS: Readonly<Record<string, string>> = { resources: 'resource_attributes' };
const LOG_KEYS: Readonly<Record<string, string>> = {
  resources: 'resource_attributes',
  attributes: 'record_attributes',
  log_severity_texts: 'severity_texts',
  log_bodies: 'bodies',
};

/** Faults under the names that the lists have in this place. */
function reportRenamed(match: Parameters<typeof matchFaults>[0], keys: Readonly<Record<string, string>>, report: Report): void {
  for (const [[list, ...rest], message] of matchFaults(match)) report([keys[String(list)] ?? list!, ...rest], message);
}

/** 0 = no severity. Source: opentelemetry-specification, logs data model, "Displaying Severity". */
function severityNumber(given: string | number): number {
  const number = Number(given);
  if (Number.isInteger(number) && number >= 1 && number <= SEVERITIES.length) return number;
  return SEVERITIES.indexOf(String(given).toUpperCase()) + 1;
}

const KEPT = 'Only what matches all of this is kept.';
const DROPPED = 'What matches all of this is dropped.';

/** Everything of these signals that may be asked for, by signal. */
export const spanFields = {
  include: spanMatch.nullish().meta({ description: KEPT }),
  exclude: spanMatch.nullish().meta({ description: DROPPED }),
};
export const metricFields = {
  include: metricMatch
    .nullish()
    .meta({ description: 'Only metrics with one of these names, of resources with all these attributes, are kept.' }),
  exclude: metricMatch.nullish().meta({
    description: 'Metrics with one of these names are dropped, and all metrics of resources with all these attributes.',
  }),
  regexp: regexp.meta({ description: 'Accepted; results need no cache here.' }),
};
export const logFields = {
  include: logMatch.nullish().meta({ description: KEPT }),
  exclude: logMatch.nullish().meta({ description: DROPPED }),
};

const NOTHING: MatchConfig = {
  match_type: 'strict',
  services: [],
  span_names: [],
  span_kinds: [],
  log_bodies: [],
  log_severity_texts: [],
  metric_names: [],
  attributes: [],
  resources: [],
  libraries: [],
};

type Given<Schema extends z.ZodType> = z.output<Schema> | null | undefined;

/** What the matcher is to look for; undefined when nothing is asked for. */
export function ofSpans(match: Given<typeof spanMatch>): MatchConfig | undefined {
  return match ? { ...NOTHING, ...match } : undefined;
}

export function ofMetrics(match: Given<typeof metricMatch>): MatchConfig | undefined {
  if (!match || match.match_type === 'expr') return undefined;
  const { match_type: type, metric_names: names, resource_attributes } = match;
  return { ...NOTHING, match_type: type, metric_names: names, resources: resource_attributes };
}

export function ofLogs(match: Given<typeof logMatch>): MatchConfig | undefined {
  if (!match) return undefined;
  const { match_type: type = 'strict', severity_number: severity } = match;
  const config: MatchConfig = {
    ...NOTHING,
    match_type: type,
    resources: match.resource_attributes,
    attributes: match.record_attributes,
    log_severity_texts: match.severity_texts,
    log_bodies: match.bodies,
    log_severity_number: severity && { min: severityNumber(severity.min), match_undefined: severity.match_undefined },
  };
  return isEmptyMatch(config) ? undefined : config;
}
