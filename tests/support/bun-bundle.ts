/** `bun:bundle` under vitest (vitest.config.ts): every flag is on, but for those that a test has switched off. */
const off = new Set<string>();

export function feature(name: string): boolean {
  return !off.has(name);
}

/** Until the result is disposed of. Modules that are loaded already have asked. */
export function withoutFeatures(...names: readonly string[]): Disposable {
  for (const name of names) off.add(name);
  return { [Symbol.dispose]: () => names.forEach((name) => off.delete(name)) };
}
