import { AGENT_VERSION } from './version.ts';

/** Known to every copy of the agent in this thread, whatever its version. */
const PRESENCE = Symbol.for('@periscope-otel/agent');

/** Says that an agent is here, or why another one must not be: two would count everything twice. */
export function startPresence(): string | undefined {
  const globals = globalThis as { [PRESENCE]?: string };
  const there = globals[PRESENCE];
  if (there !== undefined) return `agent ${there} is there already`;
  globals[PRESENCE] = AGENT_VERSION;
  return undefined;
}

/** For tests: an agent may start again. */
export function endPresence(): void {
  delete (globalThis as { [PRESENCE]?: string })[PRESENCE];
}
