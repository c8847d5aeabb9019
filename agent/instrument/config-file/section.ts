/** What is found out while a file is read. Paths are those of the file, values are never told: they may be secrets. */
export interface Findings {
  /** What makes the file one that cannot be used. */
  fault(path: string, cause: string): void;
  /** What goes without effect. */
  note(path: string, cause: string): void;
}

/** Why the agent has no place for it, by key. */
export type Reasons = Readonly<Record<string, string>>;

export type Range = readonly [least: number, most: number];

/**
 * A mapping of the file. What is read of it is checked; what nobody has read when `end` is called is told of. A key whose value is
 * null is as good as absent, but for `section` and `has`.
 */
export class Section {
  readonly path: string;
  readonly findings: Findings;
  readonly #values: Readonly<Record<string, unknown>>;
  readonly #read = new Set<string>();

  constructor(path: string, value: unknown, findings: Findings) {
    this.path = path;
    this.findings = findings;
    const isMapping = typeof value === 'object' && value !== null && !Array.isArray(value);
    if (!isMapping && value !== null) findings.fault(path, 'it is no mapping');
    this.#values = isMapping ? (value as Record<string, unknown>) : {};
  }

  get keys(): readonly string[] {
    return Object.keys(this.#values);
  }

  has(key: string): boolean {
    return Object.hasOwn(this.#values, key);
  }

  /** Undefined where there is none; of a key without a value one that holds nothing. */
  section(key: string): Section | undefined {
    const value = this.#take(key);
    return value === undefined ? undefined : new Section(this.pathOf(key), value, this.findings);
  }

  sections(key: string): readonly Section[] {
    return this.#list(key, 'it is no list').map((value, at) => new Section(`${this.pathOf(key)}[${at}]`, value, this.findings));
  }

  text(key: string): string | undefined {
    return this.#checked(key, 'it is no text', (value) => (typeof value === 'string' ? value : undefined));
  }

  flag(key: string): boolean | undefined {
    return this.#checked(key, 'it is neither true nor false', (value) => (typeof value === 'boolean' ? value : undefined));
  }

  whole(key: string, [least, most]: Range): number | undefined {
    const fits = (value: unknown): value is number => Number.isInteger(value) && Number(value) >= least && Number(value) <= most;
    return this.#checked(key, `it is no whole number from ${least} to ${most}`, (value) => (fits(value) ? value : undefined));
  }

  choice<Value extends string>(key: string, values: readonly Value[]): Value | undefined {
    return this.#checked(key, `it is none of ${values.join(', ')}`, (value) => values.find((each) => each === value));
  }

  texts(key: string): readonly string[] {
    const values = this.#list(key, 'it is no list of texts');
    return values.filter((value, at): value is string => {
      if (typeof value !== 'string') this.findings.fault(`${this.pathOf(key)}[${at}]`, 'it is no text');
      return typeof value === 'string';
    });
  }

  numbers(key: string): readonly number[] | undefined {
    return this.#checked(key, 'it is no list of numbers', (value) =>
      Array.isArray(value) && value.every((each) => typeof each === 'number') ? value : undefined,
    );
  }

  /** Whatever it is. */
  any(key: string): unknown {
    return this.#take(key);
  }

  /** The only key of a mapping that chooses one of several things. */
  only(): string | undefined {
    const { keys } = this;
    if (keys.length !== 1) this.findings.fault(this.path, `it has ${keys.length} keys, and not one that says what it is`);
    return keys.length === 1 ? keys[0] : undefined;
  }

  pathOf(key: string): string {
    return this.path === '' ? key : `${this.path}.${key}`;
  }

  /** Tells of what was not read. */
  end(reasons: Reasons = {}): void {
    for (const key of this.keys) {
      if (!this.#read.has(key)) this.findings.note(this.pathOf(key), reasons[key] ?? 'the agent knows no such setting');
    }
  }

  #take(key: string): unknown {
    this.#read.add(key);
    return this.has(key) ? this.#values[key] : undefined;
  }

  #list(key: string, otherwise: string): readonly unknown[] {
    return this.#checked(key, otherwise, (value) => (Array.isArray(value) ? (value as readonly unknown[]) : undefined)) ?? [];
  }

  #checked<Value>(key: string, otherwise: string, take: (value: unknown) => Value | undefined): Value | undefined {
    const value = this.#take(key) ?? undefined;
    const taken = value === undefined ? undefined : take(value);
    if (value !== undefined && taken === undefined) this.findings.fault(this.pathOf(key), otherwise);
    return taken;
  }
}
