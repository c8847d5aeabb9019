import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What reads the file of OTEL_CONFIG_FILE. */
export const CONFIG_FILE_PROGRAM = 'config-file.cjs';

/** A static import of another file of the bundle; `import("./…")`, which comes later, is none. */
const IMPORTED_AT_ONCE = /(?:\bfrom|\bimport)"\.\/([\w.-]+)"/g;

/** The files of a bundle: texts by their names, in the order of the names. */
export class BundleFiles {
  readonly texts: ReadonlyMap<string, string>;

  constructor(folder: string) {
    const names = readdirSync(folder).toSorted();
    this.texts = new Map(names.map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
  }

  /** All of them, one after the other. */
  get text(): string {
    return [...this.texts.values()].join('\n');
  }

  /** The same without what is loaded for a configuration file alone. */
  get textWithoutConfigFile(): string {
    return [...this.texts].flatMap(([name, text]) => (name === CONFIG_FILE_PROGRAM ? [] : [text])).join('\n');
  }

  /** What an application loads at its start: `index.js` and what it imports at once, with what that imports. */
  get loaded(): string {
    const names = ['index.js'];
    for (const name of names) {
      for (const [, next] of this.texts.get(name)!.matchAll(IMPORTED_AT_ONCE)) if (!names.includes(next!)) names.push(next!);
    }
    return names.map((name) => this.texts.get(name)!).join('\n');
  }
}
