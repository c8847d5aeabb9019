/** Bun's compile-time flags, with the names of registry.ts: a flag that nobody has written down does not compile. */
declare module 'bun:bundle' {
  import type { FlagName } from './registry.ts';

  /** Only as the whole condition of an `if` or a ternary, with a literal: the bundler puts true or false in its place. */
  export function feature(name: FlagName): boolean;
}
