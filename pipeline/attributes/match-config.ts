import { z } from 'zod';
import { patternFault } from './action-config.ts';

/** `include` and `exclude` of the Go collector's `attributes` processor (contrib, internal/filter/filterconfig). */
const texts = (description: string) => z.array(z.string()).default([]).meta({ description });
const scalar = z.union([z.string(), z.number(), z.boolean(), z.array(z.unknown()), z.record(z.string(), z.unknown())]);
const pairs = (description: string) =>
  z
    .array(
      z.strictObject({
        key: z.string().min(1).meta({ description: 'Its key.' }),
        value: scalar.optional().meta({ description: 'Its value, exact or a pattern; left out, any value will do.' }),
      }),
    )
    .default([])
    .meta({ description });

export const SPAN_KINDS = ['UNSPECIFIED', 'INTERNAL', 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER'].map(
  (name) => `SPAN_KIND_${name}`,
);
const LISTS = [
  'services',
  'span_names',
  'span_kinds',
  'log_bodies',
  'log_severity_texts',
  'metric_names',
  'attributes',
  'resources',
  'libraries',
] as const;

/** All that an item can be asked for; what `filter` takes of it differs by signal. */
export const matchFields = {
  match_type: z.enum(['strict', 'regexp']).meta({ description: 'How texts are compared: as a whole, or with RE2 patterns.' }),
  regexp: z
    .strictObject({
      cacheenabled: z.boolean().default(false).meta({ description: 'Accepted; results need no cache here.' }),
      cachemaxnumentries: z.int().min(0).default(0).meta({ description: 'Accepted; results need no cache here.' }),
    })
    .nullish()
    .meta({ description: 'Settings of match_type regexp.' }),
  services: texts('service.name of the resource is one of these.'),
  span_names: texts('The name of the span is one of these.'),
  span_kinds: texts('The kind of the span is one of these, such as SPAN_KIND_SERVER.'),
  log_bodies: texts('The body of the log record, as text, is one of these.'),
  log_severity_texts: texts('The severity text of the log record is one of these.'),
  log_severity_number: z
    .strictObject({
      min: z.int().min(0).max(24).default(0).meta({ description: 'Lowest severity that matches.' }),
      match_undefined: z.boolean().default(false).meta({ description: 'Log records without a severity number match too.' }),
    })
    .nullish()
    .meta({ description: 'Severity number of the log record.' }),
  metric_names: texts('The name of the metric is one of these.'),
  attributes: pairs('The item has all of these attributes.'),
  resources: pairs('The resource has all of these attributes.'),
  libraries: z
    .array(
      z.strictObject({
        name: z.string().meta({ description: 'Its name.' }),
        version: z.string().nullish().meta({ description: 'Its version; left out, any; empty, none.' }),
      }),
    )
    .default([])
    .meta({ description: 'The instrumentation scope is all of these.' }),
};

const matchObject = z.strictObject(matchFields);
export type MatchConfig = z.output<typeof matchObject>;
type MatchLists = Pick<MatchConfig, (typeof LISTS)[number]>;

export const matchSchema = matchObject.superRefine((match, context) => {
  const fault = (path: PropertyKey[], message: string): void => context.addIssue({ code: 'custom', path, message, input: match });
  if (isEmptyMatch(match)) fault([], 'needs something to match, such as services or attributes');
  for (const [path, message] of matchFaults(match)) fault(path, message);
});

/** Nothing is asked for. */
export function isEmptyMatch(match: Partial<MatchLists> & Pick<MatchConfig, 'log_severity_number'>): boolean {
  return LISTS.every((name) => (match[name] ?? []).length === 0) && (match.log_severity_number ?? undefined) === undefined;
}

/** What is wrong with the texts that are asked for: where, and in words. */
export function matchFaults(match: Partial<MatchLists> & Pick<MatchConfig, 'match_type'>): [PropertyKey[], string][] {
  const faults: [PropertyKey[], string][] = [];
  if (match.match_type === 'strict') {
    const kinds = SPAN_KINDS.slice(1);
    for (const [i, kind] of (match.span_kinds ?? []).entries())
      if (!kinds.includes(kind)) faults.push([['span_kinds', i], `must be one of ${kinds.join(', ')}`]);
    return faults;
  }
  for (const name of LISTS) {
    for (const [i, entry] of (match[name] ?? []).entries()) {
      const patterns = typeof entry === 'string' ? [entry] : 'key' in entry ? [entry.value] : [entry.name, entry.version];
      for (const pattern of patterns) {
        if (pattern === undefined || pattern === null) continue;
        const wrong = typeof pattern === 'string' ? patternFault(pattern) : 'must be a string, for match_type is regexp';
        if (wrong !== undefined) faults.push([[name, i], wrong]);
      }
    }
  }
  return faults;
}
