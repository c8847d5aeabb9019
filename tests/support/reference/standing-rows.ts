export type Row = readonly unknown[];

export interface RowsDelta {
  readonly added?: readonly Row[];
  readonly changed?: readonly Row[];
  readonly removed?: readonly Row[];
}

/** What a subscriber has of a standing query, one row after the other in a list: slow, and throws where a delta makes no sense. */
export class TwinRows {
  readonly #key: readonly number[] | undefined;
  #rows: Row[] = [];

  /** `key`: places of the columns that tell rows apart. */
  constructor(key?: readonly number[]) {
    this.#key = key;
  }

  get rows(): readonly Row[] {
    return this.#rows;
  }

  snapshot(rows: readonly Row[]): void {
    this.#rows = [...rows];
  }

  apply({ added = [], changed = [], removed = [] }: RowsDelta): void {
    for (const row of removed) {
      const at = this.#rows.findIndex((each) => JSON.stringify(each) === JSON.stringify(row));
      if (at === -1) throw new Error(`${JSON.stringify(row)} is removed and was not there`);
      this.#rows.splice(at, 1);
    }
    for (const row of changed) {
      const at = this.#rows.findIndex((each) => this.#keyOf(each) === this.#keyOf(row));
      if (at === -1) throw new Error(`${JSON.stringify(row)} is changed and was not there`);
      if (this.#key === undefined) throw new Error('rows without a key change');
      this.#rows[at] = row;
    }
    for (const row of added) {
      if (this.#key !== undefined && this.#rows.some((each) => this.#keyOf(each) === this.#keyOf(row)))
        throw new Error(`${JSON.stringify(row)} is added and was there`);
      this.#rows.push(row);
    }
  }

  #keyOf(row: Row): string {
    return JSON.stringify(this.#key === undefined ? row : this.#key.map((at) => row[at]));
  }
}

export const asDelta = (text: string | undefined): RowsDelta => (text === undefined ? {} : (JSON.parse(text) as RowsDelta));

/** The same rows as often, in whatever order. */
export function sameRows(one: readonly Row[], other: readonly Row[]): boolean {
  const sorted = (rows: readonly Row[]): string => JSON.stringify(rows.map((row) => JSON.stringify(row)).toSorted());
  return sorted(one) === sorted(other);
}
