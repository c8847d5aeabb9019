import type * as util from 'node:util';
import type { AnyFunction } from './contract.ts';

/** On what `tracked` made; shared by all copies of the agent in a process, so that none wraps the wrapper of another. */
const TRACKED = Symbol.for('periscope.agent.tracked');
/** Those of a sloppy function belong to its activation. */
const NOT_COPIED: readonly (string | symbol)[] = ['arguments', 'caller'];

let types: typeof util.types | undefined;
/** For the first function that is tracked. */
const typesOfUtil = (): typeof util.types => (types ??= process.getBuiltinModule('node:util').types);

export function isAsync(fn: AnyFunction): boolean {
  return typesOfUtil().isAsyncFunction(fn);
}

export type FunctionKind = 'async' | 'constructor' | 'plain';

/** How a wrapper of `fn` must be made to be like it; undefined for what is not wrapped: what is wrapped already, generators,
 *  whose work is done after their call, and classes, whose private statics know no other `this`. */
export function kindOf(fn: AnyFunction): FunctionKind | undefined {
  if (typeof fn !== 'function' || Object.hasOwn(fn, TRACKED) || typesOfUtil().isGeneratorFunction(fn)) return undefined;
  if (isAsync(fn)) return 'async';
  if (!isConstructor(fn)) return 'plain';
  return /^class\b/.test(Function.prototype.toString.call(fn)) ? undefined : 'constructor';
}

function isConstructor(fn: AnyFunction): boolean {
  try {
    // As a new.target it is judged without being called.
    Reflect.construct(Object, [], fn);
    return true;
  } catch {
    return false;
  }
}

/** Makes `wrapper` look like `fn`: name, length, prototype, and what else hangs on it, such as util.promisify.custom. */
export function makeLike(wrapper: object, fn: AnyFunction): void {
  const prototype: object | null = Object.getPrototypeOf(fn) as object | null;
  if (Object.getPrototypeOf(wrapper) !== prototype) Object.setPrototypeOf(wrapper, prototype);
  for (const key of Reflect.ownKeys(fn)) {
    if (!NOT_COPIED.includes(key)) Object.defineProperty(wrapper, key, Object.getOwnPropertyDescriptor(fn, key)!);
  }
  Object.defineProperty(wrapper, TRACKED, { value: true });
}
