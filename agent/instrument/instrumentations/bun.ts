/** What the instrumentations know of Bun, whose types are not here. */
export interface BunGlobal {
  serve: (...given: unknown[]) => unknown;
}

export function bunGlobal(): BunGlobal | undefined {
  return (globalThis as { Bun?: BunGlobal }).Bun;
}

export function isBun(): boolean {
  return process.versions['bun'] !== undefined;
}
