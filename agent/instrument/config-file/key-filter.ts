import { CONFIG_FILE_LIMITS } from './limits.ts';

/** Attributes by their keys: those that are included, all without such patterns, but for those that are excluded. `*` stands for any
 *  characters, `?` for one. It is asked at each measurement, so answers are kept, as many as CONFIG_FILE_LIMITS has. */
export class KeyFilter {
  readonly #included: RegExp;
  readonly #excluded: RegExp;
  readonly #known = new Map<string, boolean>();

  constructor(included: readonly string[], excluded: readonly string[]) {
    this.#included = anyOf(included.length === 0 ? ['*'] : included);
    this.#excluded = anyOf(excluded);
  }

  has(key: string): boolean {
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const stays = this.#included.test(key) && !this.#excluded.test(key);
    if (this.#known.size < CONFIG_FILE_LIMITS.filteredKeys) this.#known.set(key, stays);
    return stays;
  }
}

/** Case counts. Runs of `*` are one: they would be tried against each other. */
function anyOf(patterns: readonly string[]): RegExp {
  const sources = patterns.map((pattern) =>
    pattern
      .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll(/\*+/g, '[^]*')
      .replaceAll('?', '[^]'),
  );
  return new RegExp(`^(?:${sources.length === 0 ? '(?!)' : sources.join('|')})$`, 'u');
}
