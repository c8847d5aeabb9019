import { LIMITS } from '../../pipeline/limits.ts';
import type { Signal } from '../../pipeline/signal.ts';
import { compileCondition, type Test } from './compile.ts';
import type { Config } from './config.ts';
import { ConditionError, operandsOf, type Condition } from './expression.ts';
import { LEVELS, SEEN, type Level } from './levels.ts';
import { parseCondition } from './parse.ts';
import { prefixOf } from './paths.ts';

export type ErrorMode = Config['error_mode'];

/** One condition, ready to be asked. */
export interface Rule {
  readonly text: string;
  readonly test: Test;
  readonly errorMode: ErrorMode;
}

/** By level, in the order in which they are asked. */
export type Rules = Readonly<Partial<Record<Level, readonly Rule[]>>>;

export const LEVELS_OF: Readonly<Record<Signal, readonly Level[]>> = {
  metrics: ['resource', 'scope', 'metric', 'datapoint'],
  traces: ['resource', 'scope', 'span', 'spanevent'],
  logs: ['resource', 'scope', 'log'],
};

/** Where a signal's conditions stand, in the form before v0.146 of the Go collector. */
export const CONDITION_LISTS = {
  metrics: ['resource', 'metric', 'datapoint'],
  traces: ['resource', 'span', 'spanevent'],
  logs: ['resource', 'log_record'],
} as const;

/** What is wrong with a condition, in words; undefined when nothing is. */
export function checkConditions(read: () => unknown): string | undefined {
  try {
    read();
    return undefined;
  } catch (error) {
    if (error instanceof ConditionError) return `cannot read the condition: ${error.message}`;
    throw error;
  }
}

/** Reads a condition about `level`, or about the innermost of `among` that its paths name. Throws ConditionError. */
export function readCondition(
  text: string,
  level: Level | undefined,
  among: readonly Level[] = LEVELS,
): { level: Level; test: Test } {
  if (text.length > LIMITS.conditionChars)
    throw new ConditionError(`a condition has more than ${LIMITS.conditionChars} characters`, LIMITS.conditionChars);
  const condition = parseCondition(text);
  const found = level ?? levelOf(condition, among);
  return { level: found, test: compileCondition(condition, found) };
}

const OF_FUNCTIONS: Readonly<Record<string, Level>> = {
  IsRootSpan: 'span',
  HasAttrKeyOnDatapoint: 'metric',
  HasAttrOnDatapoint: 'metric',
};

/** The innermost level that a condition names: the others are around it. */
function levelOf(condition: Condition, among: readonly Level[]): Level {
  let innermost: Level | undefined;
  for (const operand of operandsOf(condition)) {
    const named = operand.kind === 'path' ? prefixOf(operand) : OF_FUNCTIONS[operand.name];
    if (named === undefined) {
      if (operand.kind === 'call') continue;
      const [example] = operand.names;
      throw new ConditionError(
        `${example} stands alone; say of what it is, such as ${among.at(-1)}.${example} or resource.${example}`,
        operand.at,
      );
    }
    if (!among.includes(named)) throw new ConditionError(`a ${named} is not known here (known: ${among.join(', ')})`, operand.at);
    if (innermost === undefined || SEEN[named].includes(innermost)) innermost = named;
  }
  if (innermost === undefined)
    throw new ConditionError('nothing says what the condition is about; group it under a map with context and conditions', 0);
  return innermost;
}

/** All conditions of a configuration that are about a signal. */
export function rulesOf(config: Config, signal: Signal): Rules {
  const rules: Partial<Record<Level, Rule[]>> = {};
  const add = (text: string, level: Level | undefined, errorMode: ErrorMode): void => {
    const read = readCondition(text, level, LEVELS_OF[signal]);
    (rules[read.level] ??= []).push({ text, test: read.test, errorMode });
  };
  const lists: Readonly<Record<string, unknown>> = config[signal];
  for (const key of CONDITION_LISTS[signal]) {
    const level = key === 'log_record' ? 'log' : key;
    for (const text of lists[key] as readonly string[]) add(text, level, config.error_mode);
  }
  const entries = { metrics: config.metric_conditions, traces: config.trace_conditions, logs: config.log_conditions }[signal];
  for (const entry of entries) {
    if (typeof entry === 'string') add(entry, undefined, config.error_mode);
    else for (const text of entry.conditions) add(text, entry.context, entry.error_mode ?? config.error_mode);
  }
  return rules;
}
