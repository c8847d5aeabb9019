import type { Settings } from '../settings.ts';

/** Programs that developers run with NODE_OPTIONS set for something else: they start others, or end soon. */
const TOOLS: ReadonlySet<string> = new Set(
  ['npm', 'npm-cli', 'npx', 'npx-cli', 'npm-prefix', 'yarn', 'yarnpkg', 'pnpm', 'pnpx', 'corepack', 'bunx'].concat([
    'tsc',
    'tsserver',
    'eslint',
    'oxlint',
    'oxfmt',
    'prettier',
    'biome',
    'node-gyp',
    'husky',
    'lint-staged',
    'nodemon',
    'tsx',
    'pm2',
    'concurrently',
    'cross-env',
    'npm-run-all',
    'run-s',
    'run-p',
    'rimraf',
    'turbo',
    'nx',
    'lerna',
    'webpack',
    'rollup',
    'esbuild',
  ]),
);

/**
 * Why the agent is not to start in this thread of this process; undefined when it is. With NODE_OPTIONS it is loaded in every
 * thread and every child, in package managers and compilers, too. `main` is the program that runs.
 */
export function whyNotToStart(
  settings: Partial<Pick<Settings, 'disabled'>>,
  main: string | undefined = process.argv[1],
  onMainThread: boolean = isMainThread(),
): string | undefined {
  if (settings.disabled) return 'OTEL_SDK_DISABLED or its file';
  if (!onMainThread) return "this is a worker thread; the agent of the process's first thread measures for it";
  const name = (main ?? '')
    .split(/[/\\]/)
    .at(-1)!
    .replace(/\.[cm]?js$/, '');
  return TOOLS.has(name) ? `${name} is a tool and no application` : undefined;
}

/** Without node:worker_threads where that can be known, as loading it takes 2 ms. Node leaves a thread that is not the first one
 *  without some functions of `process`, and marks what stands in their place. */
function isMainThread(): boolean {
  const { disabled } = process.abort as { readonly disabled?: boolean };
  const isFirst = process.versions['bun'] === undefined && disabled !== true;
  return isFirst || process.getBuiltinModule('node:worker_threads').isMainThread;
}
