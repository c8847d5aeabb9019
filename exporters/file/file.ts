import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import type { ScopedBatch } from '../../pipeline/batch/scoped-batch.ts';
import type { Context, Exporter, Outcome } from '../../pipeline/component.ts';
import { StartError } from '../../pipeline/errors.ts';
import { LIMITS } from '../../pipeline/limits.ts';
import type { Config } from './config.ts';
import { makeFolder } from './make-folder.ts';
import { fixedFolder, pathOf, scopedTemplate } from './path.ts';
import { causeOf, RecordFile } from './record-file.ts';
import { isLines, recordOf, type RecordFormat } from './record.ts';

export function create(config: Config, context: Context): Exporter {
  return new FileExporter(config, context);
}

/** Every path that was written, with its scope: templates of two exporters may meet, scopes must not. */
const scopeOfPath = new Map<string, string>();

/**
 * Templates that exporters of this process write to now, each with the paths that one of them has begun. While a
 * configuration is reloaded two exporters write to one template: the second one goes on with what the first has begun.
 */
const begun = new Map<string, { readonly paths: Set<string>; exporters: number }>();

class FileExporter implements Exporter {
  readonly #config: Config;
  readonly #context: Context;
  readonly #format: RecordFormat;
  readonly #template: string;
  /** Least recently used first. */
  readonly #files = new Map<string, RecordFile>();
  #cancelFlush: (() => void) | undefined;
  #begun: Set<string> | undefined;
  #stopped = false;
  #bytesOut = 0;

  constructor(config: Config, context: Context) {
    this.#config = config;
    this.#context = context;
    this.#format = { format: config.format, compression: config.compression, level: config.compression_params.level };
    this.#template = scopedTemplate(config.path ?? `./telemetry/{scope}/{signal}.${isLines(this.#format) ? 'jsonl' : 'bin'}`);
  }

  async start(): Promise<void> {
    const folder = fixedFolder(this.#template);
    try {
      await makeFolder(folder);
      await access(folder, constants.W_OK | constants.X_OK);
    } catch (error) {
      throw new StartError(`cannot write to ${folder}: ${causeOf(error)}`);
    }
    const entry = begun.get(this.#template) ?? { paths: new Set<string>(), exporters: 0 };
    begun.set(this.#template, entry);
    if (this.#begun === undefined) entry.exporters += 1;
    this.#begun = entry.paths;
    this.#stopped = false;
    this.#scheduleFlush();
  }

  async send(batch: ScopedBatch, signal: AbortSignal): Promise<Outcome> {
    const path = pathOf(this.#template, batch.scope, batch.signal);
    if (this.#stopped)
      return { ok: false, code: 'SHUTTING_DOWN', retryable: true, message: `cannot write ${path}: the exporter has stopped` };
    const owner = scopeOfPath.get(path) ?? batch.scope;
    if (owner !== batch.scope) {
      return {
        ok: false,
        code: 'STORAGE_FAILED',
        retryable: false,
        message: `cannot write ${path}: it holds another scope's data; change path`,
      };
    }
    scopeOfPath.set(path, owner);
    const record = recordOf(batch, this.#format);
    const outcome = await this.#fileAt(path).append(record, signal);
    if (outcome.ok) for (const part of record) this.#bytesOut += part.length;
    return outcome;
  }

  async stop(deadlineMs: number): Promise<void> {
    this.#stopped = true;
    this.#cancelFlush?.();
    this.#leave();
    const closed = Promise.all([...this.#files.values()].map((file) => file.close()));
    this.#files.clear();
    // A disk that hangs must not hang the stop.
    await Promise.race([closed, new Promise<void>((resolve) => this.#context.clock.after(Math.max(deadlineMs, 100), resolve))]);
  }

  #leave(): void {
    const entry = this.#begun === undefined ? undefined : begun.get(this.#template);
    this.#begun = undefined;
    if (entry === undefined) return;
    entry.exporters -= 1;
    if (entry.exporters === 0) begun.delete(this.#template);
  }

  stats(): Readonly<Record<string, number>> {
    return { bytesOut: this.#bytesOut };
  }

  #fileAt(path: string): RecordFile {
    const { append, rotation, flush_interval } = this.#config;
    const file =
      this.#files.get(path) ??
      new RecordFile(path, {
        lines: isLines(this.#format),
        append: append || this.#begun?.has(path) === true,
        rotation: rotation ?? undefined,
        syncEachWrite: flush_interval === 0,
        now: () => this.#context.clock.now(),
        warn: (message) => this.#context.log.limited(path, message),
      });
    this.#begun?.add(path);
    this.#files.delete(path);
    this.#files.set(path, file);
    this.#closeUnused();
    return file;
  }

  /** Keeps at most LIMITS.openFiles descriptors; a closed file opens again with its next record. */
  #closeUnused(): void {
    const open = [...this.#files.values()].filter((file) => file.isOpen);
    for (const file of open.slice(0, Math.max(0, open.length - LIMITS.openFiles))) if (file.isIdle) void file.close();
  }

  #scheduleFlush(): void {
    if (this.#config.flush_interval === 0) return;
    this.#cancelFlush = this.#context.clock.after(this.#config.flush_interval, () => {
      for (const file of this.#files.values()) if (file.isOpen) void file.sync();
      if (!this.#stopped) this.#scheduleFlush();
    });
  }
}
