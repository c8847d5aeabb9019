export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads variables as OpenTelemetry's specification wants it: an empty one is unset, and a bad value is told once and then as
 * if it were not there. Nothing here throws.
 */
export class EnvironmentReader {
  /** Names of the variables that were set and used. */
  readonly used = new Set<string>();
  readonly #environment: Environment;
  readonly #warn: (line: string) => void;
  readonly #told = new Set<string>();

  constructor(environment: Environment, warn: (line: string) => void) {
    this.#environment = environment;
    this.#warn = warn;
  }

  /** The first of these that is set. */
  text(...names: readonly string[]): string | undefined {
    return this.#read(names, (value) => value);
  }

  choice<Value extends string>(names: readonly string[], values: readonly Value[], fallback: Value): Value {
    const given = this.#read(names, (value, name) => {
      const found = values.find((each) => each === value.toLowerCase());
      if (found === undefined) this.refuse(name, `it is none of ${values.join(', ')}`, fallback);
      return found;
    });
    return given ?? fallback;
  }

  /** Whole and in the unit of the variable; `fallback` when it is not set. */
  number(names: readonly string[], { min, max }: { readonly min: number; readonly max: number }, fallback: number): number {
    const given = this.#read(names, (value, name) => {
      const number = /^\d+$/.test(value) ? Number(value) : NaN;
      if (number >= min && number <= max) return number;
      this.refuse(name, `it is no whole number from ${min} to ${max}`, String(fallback));
      return undefined;
    });
    return given ?? fallback;
  }

  /** `true` and `1`, whatever their case. The specification takes everything else for false; this tells of it. */
  flag(name: string): boolean {
    return (
      this.#read([name], (value) => {
        if (/^(true|1)$/i.test(value)) return true;
        if (!/^(false|0)$/i.test(value)) this.refuse(name, 'it is neither true nor false', 'false');
        return false;
      }) ?? false
    );
  }

  list(name: string): readonly string[] | undefined {
    return this.#read([name], (value) =>
      value
        .split(',')
        .map((each) => each.trim())
        .filter((each) => each !== ''),
    );
  }

  /** `key=value,key=value`, values percent-encoded (W3C Baggage). With one error in it all of it is left out. */
  pairs(names: readonly string[], accepts: (key: string, value: string) => boolean): Readonly<Record<string, string>> {
    const given = this.#read(names, (text, name) => {
      const pairs = text
        .split(',')
        .filter((each) => each.trim() !== '')
        .map(pairOf);
      if (pairs.every((pair) => pair !== undefined && accepts(...pair)))
        return Object.fromEntries(pairs as readonly (readonly [string, string])[]);
      this.refuse(name, 'it is no list of key=value with commas between them and percent-encoded values', 'nothing');
      return undefined;
    });
    return given ?? {};
  }

  /** The value of a variable is never printed: it may be a secret. */
  refuse(name: string, cause: string, instead: string): void {
    if (this.#told.has(name)) return;
    this.#told.add(name);
    this.#warn(`cannot use ${name}: ${cause}; ${instead} is used instead`);
  }

  #read<Value>(names: readonly string[], take: (value: string, name: string) => Value | undefined): Value | undefined {
    for (const name of names) {
      const value = this.#environment[name]?.trim();
      if (value === undefined || value === '') continue;
      const taken = take(value, name);
      if (taken === undefined) continue;
      this.used.add(name);
      return taken;
    }
    return undefined;
  }
}

function pairOf(text: string): readonly [key: string, value: string] | undefined {
  const at = text.indexOf('=');
  if (at < 0) return undefined;
  const key = decoded(text.slice(0, at).trim());
  const value = decoded(text.slice(at + 1).trim());
  return key === undefined || key === '' || value === undefined ? undefined : [key, value];
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
