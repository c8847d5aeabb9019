import { AGENT_VERSION } from './version.ts';

/** Known to every copy of the agent in this thread, whatever its version. */
const PRESENCE = Symbol.for('@periscope-otel/agent');

interface Presence {
  readonly version: string;
  /** For copies of the same version, which know what it is. */
  agent?: unknown;
}
const globals = globalThis as { [PRESENCE]?: Presence };

/** Says that an agent is here, or why another one must not be: two would count everything twice. */
export function startPresence(): string | undefined {
  const there = globals[PRESENCE];
  if (there !== undefined) return `agent ${there.version} is there already`;
  globals[PRESENCE] = { version: AGENT_VERSION };
  return undefined;
}

/** What other copies, which do not start, are to do is done by this one. */
export function shareAgent(agent: unknown): void {
  const there = globals[PRESENCE];
  if (there !== undefined) there.agent = agent;
}

/** The agent of the first copy in this thread, which may be another variant; undefined where there is none of this version. */
export function sharedAgent(): unknown {
  const there = globals[PRESENCE];
  return there?.version === AGENT_VERSION ? there.agent : undefined;
}

/** For tests: an agent may start again. */
export function endPresence(): void {
  delete globals[PRESENCE];
}
