import { mkdirSync, writeFileSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { rolldown } from 'rolldown';
import { minifySync } from 'rolldown/utils';
import { withConstants } from './constants.ts';

export interface SecondPassOptions {
  /** Where the bundle of the first pass is, with names as people gave them. */
  readonly from: string;
  /** Entries of it, without `.js`: files of these names are made, and what several of them hold is a file of its own. */
  readonly entries: readonly string[];
  /** Entries that are made by themselves: they are imported, and no part of these. */
  readonly apart?: readonly string[];
  readonly folder: string;
  /** The first line of each file. */
  readonly firstLine?: string;
}

/**
 * A bundle once more, smaller and faster: constants are `const`, numbers stand where they are used, across files, too, and names
 * are short. What the first pass left out stays out, what it left outside stays outside, and what is loaded later, is. Why: docs/decisions/0045.
 */
export async function secondPass({ from, entries, apart = [], folder, firstLine = '' }: SecondPassOptions): Promise<void> {
  const others = apart.map((name) => `./${name}.js`);
  const bundle = await rolldown({
    // Names of files come from what is in them, and where they were is not.
    cwd: from,
    input: Object.fromEntries(entries.map((name) => [name, `./${name}.js`])),
    platform: 'node',
    external: (specifier) => others.includes(specifier) || (!specifier.startsWith('.') && !isAbsolute(specifier)),
    // Whatever package.json is above a folder of temporary files.
    treeshake: { moduleSideEffects: true },
    optimization: { inlineConst: { mode: 'all', pass: 2 } },
  });
  try {
    const { output } = await bundle.generate({
      format: 'es',
      entryFileNames: '[name].js',
      chunkFileNames: ({ name }) => `${name.replace(HASH_OF_FIRST_PASS, '')}-[hash].js`,
      hashCharacters: 'base36',
      minifyInternalExports: true,
      minify: false,
    });
    mkdirSync(folder, { recursive: true });
    for (const file of output) {
      if (file.type !== 'chunk') throw new Error(`cannot bundle the agent: there is no place for ${file.fileName}`);
      writeFileSync(join(folder, file.fileName), `${firstLine}${minified(file.fileName, file.code)}`);
    }
  } finally {
    await bundle.close();
  }
}

/** What the first pass is told to call `require`, of which both passes would make one that the bundler of an application no
 *  longer knows. */
export const REQUIRE = 'requireOfBundler';
const HASH_OF_FIRST_PASS = /-[0-9a-z]{8}$/;

/** After the bundler, which makes classes into `var`, and before names are short and mean one thing here, another there. Of ASCII
 *  alone: one other character, and V8 keeps two bytes for each of the file, and takes a tenth longer to read it. */
function minified(name: string, code: string): string {
  const { code: made, errors } = minifySync(name, withConstants(code), {
    module: true,
    codegen: { legalComments: 'inline', asciiOnly: true },
  });
  if (errors.length > 0) throw new Error(`cannot bundle the agent: ${errors[0]!.message}`);
  return made.replaceAll(`${REQUIRE}(`, 'require(');
}
