import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rolldown } from 'rolldown';
import { minifySync } from 'rolldown/utils';
import { CONFIG_FILE_PROGRAM } from './bundle-files.ts';
import { AGENT, REPOSITORY } from './bundle.ts';

let built: Promise<string> | undefined;

/** `config-file.cjs` beside the other files of a bundle: the same for every variant and runtime, made once. It asks for no flag and
 *  shares no file with them, so nothing of it is loaded without OTEL_CONFIG_FILE. CommonJS: an agent loads it at once. */
export async function buildConfigFile(folder: string): Promise<void> {
  built ??= build();
  writeFileSync(join(folder, CONFIG_FILE_PROGRAM), await built);
}

async function build(): Promise<string> {
  const bundle = await rolldown({
    cwd: REPOSITORY,
    input: join(AGENT, 'config-file/config-file.ts'),
    platform: 'node',
    // ES modules, of which what is not used can be left out; those for Node are CommonJS.
    resolve: { alias: { yaml: join(REPOSITORY, 'node_modules/yaml/browser/dist/index.js') } },
    treeshake: { moduleSideEffects: false },
  });
  try {
    const { output } = await bundle.generate({ format: 'cjs', minify: false, codeSplitting: false });
    const options = { module: false, codegen: { legalComments: 'none', asciiOnly: true } } as const;
    const { code, errors } = minifySync(CONFIG_FILE_PROGRAM, output[0].code, options);
    if (errors.length > 0) throw new Error(`cannot bundle the agent: ${errors[0]!.message}`);
    return `/*\nyaml (https://eemeli.org/yaml/) is in this file.\n\n${licenceOf('yaml')}*/\n${code}\n`;
  } finally {
    await bundle.close();
  }
}

/** It asks to stand in every copy. */
function licenceOf(name: string): string {
  return readFileSync(join(REPOSITORY, 'node_modules', name, 'LICENSE'), 'utf8');
}
