/** A condition in OTTL (contrib, pkg/ottl/LANGUAGE.md), as far as this processor takes it. `at` counts UTF-16 units from 0. */
export type Operator = '==' | '!=' | '<' | '<=' | '>' | '>=';

export type Literal = string | bigint | number | boolean | null | Uint8Array;

export interface Path {
  readonly kind: 'path';
  /** `resource.attributes`, `status.code`. */
  readonly names: readonly string[];
  /** What stands in brackets behind the last name. */
  readonly keys: readonly (string | number)[];
  readonly at: number;
}

export interface Call {
  readonly kind: 'call';
  readonly name: string;
  readonly args: readonly Operand[];
  readonly at: number;
}

export type Operand = { readonly kind: 'literal'; readonly value: Literal; readonly at: number } | Path | Call;

export type Condition =
  | { readonly kind: 'or' | 'and'; readonly parts: readonly Condition[] }
  | { readonly kind: 'not'; readonly of: Condition }
  | { readonly kind: 'constant'; readonly value: boolean }
  | { readonly kind: 'comparison'; readonly left: Operand; readonly operator: Operator; readonly right: Operand }
  | Call;

/** What is wrong with a condition, and where. */
export class ConditionError extends Error {
  override readonly name = 'ConditionError';

  constructor(message: string, at: number) {
    super(`${message} at character ${at + 1}`);
  }
}

/** Every path and call in a condition. */
export function* operandsOf(condition: Condition | Operand): Generator<Path | Call> {
  switch (condition.kind) {
    case 'or':
    case 'and':
      for (const part of condition.parts) yield* operandsOf(part);
      return;
    case 'not':
      yield* operandsOf(condition.of);
      return;
    case 'comparison':
      yield* operandsOf(condition.left);
      yield* operandsOf(condition.right);
      return;
    case 'call':
      yield condition;
      for (const arg of condition.args) yield* operandsOf(arg);
      return;
    case 'path':
      yield condition;
      return;
    default:
      return;
  }
}
