import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Peer, peer } from './peers.ts';
import { ROOT } from './tree.ts';

/** One that the agent runs in. */
export interface AgentRuntime extends Peer {
  readonly name: string;
  /** Which of the agent's bundles it loads. */
  readonly target: 'node' | 'bun';
  /** Loads a module before the program. */
  readonly preload: '--import' | '--preload';
}

const NODE = { target: 'node', preload: '--import' } as const;
const bun = join(ROOT, 'node_modules/.bin/bun');

/** Node 20, 22 and 24, and Bun: where the one that runs the tests is one of them, it stands for its line. */
export const AGENT_RUNTIMES: readonly AgentRuntime[] = [
  { ...NODE, name: `Node ${process.versions.node}`, path: process.execPath, missing: false, note: '' },
  ...([22, 24] as const)
    .filter((line) => line !== Number.parseInt(process.versions.node))
    .map((line) => ({ ...NODE, name: `Node ${line}`, ...peer(`node${line}`) })),
  {
    target: 'bun',
    preload: '--preload',
    name: 'Bun',
    path: bun,
    missing: !existsSync(bun),
    note: existsSync(bun) ? '' : ' (skipped: npm ci has not installed it)',
  },
];
