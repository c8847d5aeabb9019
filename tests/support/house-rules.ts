/** The figures of tests/tidy.test.ts. */
export const LIMITS_OF_STYLE = {
  fileLines: 500,
  functionLines: 70,
  architectureLines: 300,
  /** Test data is built or generated, not stored. */
  fileBytes: 256 * 1024,
} as const;

const LIST = 'a list; tidy compares it with the folders, tests/config loads every entry';

/** What of the page needs a document: tests/system/dashboard.test.ts opens it in a browser. Its model/ needs none. */
export const IN_A_BROWSER = /^server\/dashboard\/(?!model\/)/;

/** Source files without a test in their mirrored folder, and what tests them instead. Keep it short. */
export const UNMIRRORED: Readonly<Record<string, string>> = {
  'agent/collector/main.ts': 'the program itself: tests/system starts it as a process',
  'agent/collector/run.ts': 'signals and exit codes of a process: tests/system/start-and-stop.test.ts',
  'agent/embed/thread.ts': 'the program of a thread: tests/agent/embed starts, stops and overloads it',
  'agent/demo/main.ts': 'a program: tests/agent/demo/demo.test.ts starts it as a process',
  'agent/instrument/worker.ts':
    'a program of a thread: tests/agent/instrument/flags/bundle.test.ts bundles it with and without its flags',
  'agent/instrument/doctor/main.ts': 'a program: tests/system/agent-package.test.ts starts it as a process',
  'agent/instrument/traces/span-worker.ts':
    'the entry of the thread of spans, which is bundled: agent-traces, agent-embedded and agent-signing of tests/system run it; what it does is span-export.ts',
  'agent/instrument/export/worker.ts':
    'the program of a thread: tests/agent/instrument/export/start.test.ts has processes start it',
  'analytics/main.ts': 'the program of a process: tests/analytics/client starts it',
  'analytics/child.ts': 'what a process is beside its service: tests/analytics/client starts, kills and orphans it',
  'receivers/index.ts': LIST,
  'processors/index.ts': LIST,
  'exporters/index.ts': LIST,
  'extensions/index.ts': LIST,
};
