import { join } from 'node:path';
import type { AnalyticsUse } from '../../pipeline/analytics.ts';
import type { ScopedBatch } from '../../pipeline/batch/scoped-batch.ts';
import type { Context, Exporter, Outcome } from '../../pipeline/component.ts';
import { StartError } from '../../pipeline/errors.ts';
import { makePrivateFolder } from '../../pipeline/private-folder.ts';
import { perfRuleOf } from '../../pipeline/perf/rule.ts';
import type { Config } from './config.ts';

export function create(config: Config, context: Context): Exporter {
  return new WindowsExporter(config, context);
}

function cannotMake(error: Error): never {
  throw new StartError(`cannot keep windows on the disk: ${error.message}`);
}

/** Hands batches to the analytics process, which all exporters `windows` of a collector share. */
class WindowsExporter implements Exporter {
  readonly #config: Config;
  readonly #context: Context;
  #use: AnalyticsUse | undefined;

  constructor(config: Config, context: Context) {
    this.#config = config;
    this.#context = context;
  }

  async start(): Promise<void> {
    const { max_age, max_rows, max_bytes, memory, max_scopes, master_perf, on_disk } = this.#config;
    const { analytics, storage } = this.#context.host;
    const directory = on_disk ? join(storage.directory, 'windows') : undefined;
    if (directory !== undefined) await makePrivateFolder(directory).catch(cannotMake);
    this.#use ??= await analytics.open({
      maxAgeMs: max_age,
      maxRows: max_rows,
      maxBytes: max_bytes,
      memoryBytes: memory,
      maxScopes: max_scopes,
      directory,
      perfRules: master_perf.map(perfRuleOf),
    });
  }

  send(batch: ScopedBatch, signal: AbortSignal): Promise<Outcome> {
    return this.#context.host.analytics.append(batch, signal);
  }

  async stop(deadlineMs: number): Promise<void> {
    const use = this.#use;
    this.#use = undefined;
    await use?.release(deadlineMs);
  }

  /** Of the process, whichever exporter fed it. */
  stats(): Readonly<Record<string, number>> {
    const { restarts, scopes } = this.#context.host.analytics.status();
    let rows = 0;
    let bytes = 0;
    let rowsLost = 0;
    for (const scope of scopes) {
      rows += scope.rows;
      bytes += scope.bytes;
      rowsLost += scope.rowsLost;
    }
    return { rows, bytes, rowsLost, restarts, scopes: scopes.length };
  }
}
