import type { Environment } from '../environment.ts';
import type { Settings } from '../settings.ts';
import type { settingsOfFile } from './config-file.ts';

/** The file that OTEL_CONFIG_FILE names, read by a program of its own beside the bundle, which has a parser of YAML and is as large as
 *  the agent. An agent starts at once, in a module that may be required: so it is CommonJS. Throws what cannot be read. */
export function readConfigFile(path: string, environment: Environment, warn: (line: string) => void): Settings {
  const require = process.getBuiltinModule('node:module').createRequire(import.meta.url);
  return (require('./config-file.cjs') as { readonly settingsOfFile: typeof settingsOfFile }).settingsOfFile(
    path,
    environment,
    warn,
  );
}
