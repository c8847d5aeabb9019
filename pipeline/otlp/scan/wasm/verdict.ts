import { BROKEN, FULL, NOT_CANONICAL, OK } from '../../scan-cells.ts';

/** Why the request that is read cannot be. Functions that find out return false, all the way up. */
export let verdict: i32 = OK;

export function begin(): void {
  verdict = OK;
}
export function found(value: i32): bool {
  verdict = value;
  return value == OK;
}
export function broken(): bool {
  verdict = BROKEN;
  return false;
}
/** A singular field occurs twice. */
export function repeated(): bool {
  verdict = NOT_CANONICAL;
  return false;
}
/** The columns take no more. */
export function full(): bool {
  verdict = FULL;
  return false;
}
