import type { ExporterStatus } from '../../../agent/instrument/export/start.ts';
import type { InstrumentEngine } from '../../../agent/instrument/metrics/contract.ts';
import type { Tracking } from '../../../agent/instrument/track/contract.ts';

/** Where the bundle that users get is, as this runtime gets it. */
export const BUNDLE_URL: URL = new URL(
  `../../../../agent/instrument/dist/${process.versions['bun'] === undefined ? 'node' : 'bun'}/production/index.js`,
  import.meta.url,
);

/** What of the agent's entry the programs use; its types are in a package of its own, built with flags. */
export interface AgentEntry {
  readonly engine: InstrumentEngine | undefined;
  readonly tracked: Tracking['tracked'];
  flush(timeoutMs?: number): Promise<boolean>;
  status(): ExporterStatus | undefined;
}

/** Starts the agent in this process, as an application does. */
export async function loadAgent(): Promise<AgentEntry> {
  return (await import(BUNDLE_URL.href)) as AgentEntry;
}
