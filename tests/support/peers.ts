import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const CACHE =
  process.env['PERISCOPE_CACHE'] ?? join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'periscope-peers');

/** Other people's programs that tests talk to: built by bench/peers.sh, the Python SDK by .ci/run. */
const PEERS = {
  otelcol: join(CACHE, 'bin/otelcol'),
  telemetrygen: join(CACHE, 'bin/telemetrygen'),
  python: join(CACHE, 'python/bin/python'),
  node22: join(CACHE, 'bin/node22'),
  node24: join(CACHE, 'bin/node24'),
} as const;

export interface Peer {
  readonly path: string;
  /** For `describe.skipIf`: true on a person's machine without the peer, never in CI, where it must be there. */
  readonly missing: boolean;
  /** What a skipped test says. */
  readonly note: string;
}

export function peer(name: keyof typeof PEERS): Peer {
  const path = PEERS[name];
  const absent = !existsSync(path);
  if (absent && process.env['CI'] === 'true') throw new Error(`cannot test with ${name}: ${path} is missing; see .ci/run`);
  return { path, missing: absent, note: absent ? ` (skipped: ${name} is not built; bash .ci/run builds it)` : '' };
}
