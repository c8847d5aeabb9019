/** What the agent knows of Bun, whose types are not here. */
export interface BunGlobal {
  readonly version: string;
  serve: (...given: unknown[]) => unknown;
}

export function bunGlobal(): BunGlobal | undefined {
  return (globalThis as { Bun?: BunGlobal }).Bun;
}

/** A constant, so that bundles for Bun hold nothing of what is for Node alone (flags/bundle.ts says that it is Bun). */
export const IS_BUN = process.versions['bun'] !== undefined;
