import type { EnvironmentReader } from './environment.ts';

/** Set by who expects an effect that it does not have. Those of other signals are left to whoever sends these. */
export function tellUnsupported(read: EnvironmentReader): void {
  for (const [name, instead] of [['OTEL_CONFIG_FILE', 'the environment']] as const) {
    if (read.text(name) === undefined) continue;
    read.used.delete(name);
    read.refuse(name, 'the agent reads no configuration file', instead);
  }
}
