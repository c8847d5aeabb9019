import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadSigner } from '../../extensions/audit/checkpoint.ts';
import { config } from '../../extensions/audit/config.ts';
import { realDisk, type Disk } from '../../extensions/audit/disk.ts';
import { Fold } from '../../extensions/audit/fold.ts';
import type { Draft } from '../../extensions/audit/record.ts';
import { segmentsIn } from '../../extensions/audit/segment.ts';
import { SegmentWriter } from '../../extensions/audit/segment-writer.ts';
import type { AuditEvent } from '../../pipeline/audit.ts';

const MAIN = join(dirname(fileURLToPath(import.meta.url)), '../../agent/collector/main.js');
const START_MS = Date.UTC(2026, 0, 1);
const EVENTS_PER_SECOND = 20;

/** The disk without its waits: what is measured here is the search, and ten million records want no hour of them. */
const HASTY: Disk = {
  ...realDisk,
  async open(path) {
    const file = await realDisk.open(path);
    return { write: file.write.bind(file), close: () => file.close(), datasync: async () => undefined };
  },
};

/** Six days of a busy gateway: 100 scopes, 5,000 clients, all types. */
function draftAt(n: number): Draft {
  const atMs = START_MS + Math.floor((n / EVENTS_PER_SECOND) * 1000);
  // Multiplying by a large prime spreads what would else come in turn.
  const mixed = (n * 7_368_787) % 10_000_019;
  const scope = `tenant-${mixed % 100}`;
  const client = `10.1.${mixed % 50}.${mixed % 101}`;
  if (mixed % 10 < 5)
    return {
      type: 'METRIC_MUTATION',
      severity: 'INFO',
      action: 'modified',
      result: 'SUCCESS',
      scope,
      client,
      items: mixed % 500,
      events: 1 + (mixed % 9),
      fromMs: atMs - 900,
      atMs,
    };
  if (mixed % 10 < 7)
    return {
      type: 'AUTH',
      severity: 'INFO',
      action: 'token_accepted',
      result: 'SUCCESS',
      scope,
      client,
      user: `agent-${mixed % 3000}`,
      atMs,
    };
  if (mixed % 10 < 9)
    return {
      type: 'SCOPE_VIOLATION',
      severity: 'CRITICAL',
      action: 'scope_mismatch',
      result: 'FAILURE',
      scope,
      client,
      component: 'otlp',
      items: mixed % 90,
      atMs,
      details: { signal: 'logs', transport: 'http', attempted_scope: `tenant-${mixed % 7}` },
    };
  return {
    type: 'ERROR',
    severity: 'ERROR',
    action: 'destination_refused',
    result: 'FAILURE',
    scope,
    component: 'otlp_http',
    items: mixed % 900,
    atMs,
    details: { signal: 'traces', code: 'DESTINATION_REFUSED' },
  };
}

async function write(folder: string, storage: string, records: number): Promise<void> {
  const { writer } = await SegmentWriter.open(folder, { signer: await loadSigner(storage, true), disk: HASTY }, () => 'bench');
  const limits = config.parse({ max_total_size: 0, max_days: 0 });
  let drafts: Draft[] = [];
  let next = 0;
  while (next < records || drafts.length > 0) {
    while (drafts.length < 1000 && next < records) drafts.push(draftAt(next++));
    drafts = drafts.slice(await writer.append(drafts, START_MS, limits));
  }
  await writer.checkpoint(START_MS);
  await writer.close();
}

const SEARCHES: readonly (readonly string[])[] = [
  ['--scope', 'tenant-47', '--type', 'SCOPE_VIOLATION', '--since', '2026-01-02T00:00:00Z', '--client', '10.1.47.7'],
  ['--scope', 'tenant-42'],
  ['--type', 'SCOPE_VIOLATION', '--limit', '1000'],
  ['--client', '10.1.0.0'],
  ['--since', '2026-01-03T00:00:00Z', '--until', '2026-01-03T00:05:00Z'],
  ['--severity', 'INFO'],
];

function command(folder: string, args: readonly string[]): { readonly seconds: number; readonly said: string } {
  const startMs = performance.now();
  const run = spawnSync(process.execPath, [MAIN, 'audit', ...args, '--directory', folder], {
    encoding: 'utf8',
    maxBuffer: 2 ** 30,
  });
  const seconds = (performance.now() - startMs) / 1000;
  return {
    seconds,
    said:
      (run.stdout + run.stderr)
        .trimEnd()
        .split('\n')
        .at(args[0] === 'verify' ? 0 : -1) ?? '',
  };
}

/** Writes a log of so many records, and measures how long the commands of a person take on it. */
export async function audit(records: number): Promise<boolean> {
  const storage = await mkdtemp(join(tmpdir(), 'periscope-bench-audit-'));
  try {
    const folder = join(storage, 'audit');
    await mkdir(folder);
    let startMs = performance.now();
    await write(folder, storage, records);
    const microseconds = ((performance.now() - startMs) * 1000) / records;
    let bytes = 0;
    for (const segment of await segmentsIn(folder))
      bytes += (await realDisk.stat(join(folder, `segment-${String(segment).padStart(8, '0')}.jsonl`))).size;
    console.log(
      `${records.toLocaleString('en-US')} records, ${(bytes / 1e9).toFixed(2)} GB, written at ${microseconds.toFixed(1)} µs each (without fsync)`,
    );
    for (const args of SEARCHES) {
      const { seconds, said } = command(folder, ['search', ...args]);
      console.log(`${seconds.toFixed(2).padStart(7)} s  search ${args.join(' ')}\n           ${said}`);
    }
    const { seconds, said } = command(folder, ['verify']);
    console.log(`${seconds.toFixed(2).padStart(7)} s  verify\n           ${said.replace(folder, 'log')}`);
    const fold = new Fold();
    const event: AuditEvent = {
      type: 'SCOPE_VIOLATION',
      severity: 'CRITICAL',
      action: 'scope_mismatch',
      result: 'FAILURE',
      scope: 'A',
      client: '10.0.0.1',
      items: 3,
    };
    startMs = performance.now();
    for (let n = 0; n < 1_000_000; n++) fold.take(event, START_MS);
    console.log(`${((performance.now() - startMs) / 1000).toFixed(2)} µs to count one more event of a kind that is known`);
    return true;
  } finally {
    await rm(storage, { recursive: true, force: true });
  }
}
