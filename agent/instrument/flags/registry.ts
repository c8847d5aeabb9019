/**
 * The compile-time flags of the in-process agent, all of them. `feature('NAME')` of `bun:bundle` asks for one where the agent
 * is put together; a bundle that is built without a flag does not hold the code behind it. docs/reference/agent-flags.md is
 * made from this table and from what each flag adds to a bundle.
 */
export interface Flag {
  /** What a bundle can do with it. */
  readonly about: string;
  /** A text of the code behind it that no other code has: in a bundle it tells whether that code is there. */
  readonly marker: string;
  /** Flags without which it does nothing. */
  readonly needs?: readonly string[];
}

export const FLAGS = {
  METRICS: {
    about: 'the MeterProvider behind `@opentelemetry/api`: without it instruments are those of the API that do nothing',
    marker: 'cannot keep meter ',
  },
  MOCK_API: {
    about: '`AGENT_MOCK_API=1` keeps what would be sent in memory, for tests of an app: `mockApi`',
    marker: 'AGENT_MOCK_API',
    needs: ['METRICS'],
  },
  DEBUG: {
    about: 'every measurement fault, and each step of the start, as a line on stderr',
    marker: 'periscope-agent debug: ',
  },
} as const satisfies Record<string, Flag>;

export type FlagName = keyof typeof FLAGS;

export const FLAG_NAMES = Object.keys(FLAGS) as readonly FlagName[];

export function isFlag(name: string): name is FlagName {
  return Object.hasOwn(FLAGS, name);
}
