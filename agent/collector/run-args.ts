import { parseArgs } from 'node:util';
import type { RunOptions } from './configs.ts';

/**
 * The options of a plain `periscope run …`, read without the command-line library: that one costs a start 3 MB and 10 ms.
 * Undefined for everything else (another command, `--help`, a misspelt option), which the library then explains.
 */
export function runOptions(args: readonly string[]): RunOptions | undefined {
  const own = args[0] === 'run' ? args.slice(1) : [...args];
  try {
    const { values } = parseArgs({
      args: own,
      options: {
        config: { type: 'string', short: 'c', multiple: true, default: [] },
        set: { type: 'string', multiple: true, default: [] },
        'skip-unsupported': { type: 'boolean', default: false },
        demo: { type: 'boolean', default: false },
        'demo-seed': { type: 'string' },
      },
    });
    const { config, set, demo, 'skip-unsupported': skipUnsupported, 'demo-seed': demoSeed } = values;
    return { config, set, skipUnsupported, ...(demo && { demo }), ...(demoSeed !== undefined && { demoSeed }) };
  } catch {
    return undefined;
  }
}
