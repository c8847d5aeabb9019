import { z } from 'zod';
import { Regexp } from '../regexp/regexp.ts';
import { DEFAULT_SCOPE_STAGE } from '../scope/stage.ts';

/** Options of the `attributes` and `resource` processors: keys and meaning are the Go collector's (contrib, v0.155). */
const value = z.union([z.string(), z.number(), z.boolean(), z.array(z.unknown()), z.record(z.string(), z.unknown())]);
export const ACTIONS = ['insert', 'update', 'upsert', 'delete', 'hash', 'extract', 'convert', 'rename'] as const;
export type ActionName = (typeof ACTIONS)[number];

const fields = z.strictObject({
  key: z.string().default('').meta({ description: 'The attribute to act upon.' }),
  action: z.preprocess(lowerCase, z.enum(ACTIONS)).meta({
    description: 'What to do. rename (ours) moves the value of from_attribute to key.',
  }),
  value: value.optional().meta({ description: 'Of insert, update, upsert: the value; its type is the one of the YAML value.' }),
  default_value: value
    .optional()
    .meta({ description: 'Of insert, update, upsert: the value when its source (from_attribute, from_context) has none.' }),
  from_attribute: z
    .string()
    .default('')
    .meta({ description: 'Of insert, update, upsert, rename: the attribute whose value is taken.' }),
  from_context: z
    .string()
    .default('')
    .meta({ description: 'Of insert, update, upsert: metadata.<header of the request>; the receiver needs include_metadata.' }),
  pattern: z.string().default('').meta({
    description:
      'Regular expression (RE2). Of delete, hash: keys to act upon as well. Of extract: its named groups become attributes.',
  }),
  converted_type: z.enum(['int', 'double', 'string']).optional().meta({ description: 'Of convert: the type to convert to.' }),
});
export type ActionConfig = z.output<typeof fields>;

function lowerCase(given: unknown): unknown {
  return typeof given === 'string' ? given.toLowerCase() : given;
}

type Field = Exclude<keyof ActionConfig, 'action'>;
const SOURCES = ['value', 'from_attribute', 'from_context'] as const;

/** Options beside `key` that each action takes. */
const TAKES: Readonly<Record<ActionName, readonly Field[]>> = {
  insert: [...SOURCES, 'default_value'],
  update: [...SOURCES, 'default_value'],
  upsert: [...SOURCES, 'default_value'],
  delete: ['pattern', 'from_context'],
  hash: ['pattern', 'from_context'],
  extract: ['pattern'],
  convert: ['converted_type'],
  rename: ['from_attribute'],
};
const OPTIONAL: readonly Field[] = ['value', 'default_value', 'from_attribute', 'from_context', 'pattern', 'converted_type'];

/** An empty text is a value, but no name. */
function isSet(action: ActionConfig, field: Field): boolean {
  return action[field] !== undefined && (field === 'value' || field === 'default_value' || action[field] !== '');
}

export const actionsSchema = z.array(
  fields.superRefine((action, context) => {
    const fault = (field: Field | 'action', message: string): void =>
      context.addIssue({ code: 'custom', path: [field], message, input: action });
    const takes = TAKES[action.action];
    for (const field of OPTIONAL)
      if (isSet(action, field) && !takes.includes(field)) fault(field, `is no option of the action ${action.action}`);
    if (takes.includes('value')) checkSources(action, fault);
    const byPattern = (action.action === 'delete' || action.action === 'hash') && isSet(action, 'pattern');
    if (!isSet(action, 'key') && !byPattern) fault('key', `is missing; the action ${action.action} needs it`);
    for (const field of ['pattern', 'converted_type', 'from_attribute'] as const) {
      const needed = action.action === 'extract' || action.action === 'convert' || action.action === 'rename';
      if (needed && takes.includes(field) && !isSet(action, field))
        fault(field, `is missing; the action ${action.action} needs it`);
    }
    const groups = isSet(action, 'pattern') ? checkPattern(action, fault) : [];
    const changes = [action.key, ...groups, ...(action.action === 'rename' ? [action.from_attribute] : [])];
    const claim = changes.find((key) => DEFAULT_SCOPE_STAGE.keys.includes(key));
    if (claim !== undefined)
      fault(
        claim === action.key ? 'key' : 'action',
        `"${claim}" says whose the data is; no processor may make, change or delete it`,
      );
  }),
);

function checkSources(action: ActionConfig, fault: (field: Field | 'action', message: string) => void): void {
  const sources = SOURCES.filter((field) => isSet(action, field));
  if (sources.length > 1) fault(sources[1]!, `cannot stand beside ${sources[0]}: an action has one source`);
  if (sources.length === 0 && !isSet(action, 'default_value'))
    fault('value', `is missing; the action ${action.action} needs value, from_attribute, from_context or default_value`);
  const from = action.from_context;
  if (from.startsWith('auth.') || from === 'client.address')
    fault('from_context', `${from} is not known to processors here; metadata.<header> is`);
  for (const field of ['value', 'default_value'] as const) {
    const wrong = unsafe(action[field]);
    if (wrong !== undefined) fault(field, wrong);
  }
}

/** Why a value cannot be an attribute's. */
function unsafe(given: unknown): string | undefined {
  if (typeof given === 'number' && Number.isInteger(given) && !Number.isSafeInteger(given) && Math.abs(given) < 2 ** 63)
    return 'is a whole number that loses digits; write it in quotes and convert it';
  if (given === null || typeof given !== 'object') return undefined;
  for (const inner of Object.values(given)) {
    const wrong = unsafe(inner);
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}

/** The names of the groups of an `extract`. */
function checkPattern(action: ActionConfig, fault: (field: Field, message: string) => void): readonly string[] {
  const wrong = patternFault(action.pattern);
  if (wrong !== undefined) {
    fault('pattern', wrong);
    return [];
  }
  if (action.action !== 'extract') return [];
  const { names } = new Regexp(action.pattern);
  if (names.length === 0) fault('pattern', 'has no named group, such as (?P<name>…)');
  else if (names.includes(''))
    fault('pattern', 'has a group without a name; write (?P<name>…), or (?:…) for one that is not kept');
  return names;
}

/** Why a text is no regular expression; undefined when it is one. */
export function patternFault(pattern: string): string | undefined {
  try {
    void new Regexp(pattern);
    return undefined;
  } catch (error) {
    return `is no regular expression (RE2 syntax): ${(error as Error).message}`;
  }
}
