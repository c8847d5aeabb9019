import { nodeFs } from '../builtins.ts';
import { encodeResource } from '../encode/attributes.ts';
import type { InstrumentEngine } from '../metrics/contract.ts';
import { EXPORT_LIMITS } from '../limits.ts';
import { detectResource, type ResourceAttributes } from '../resource.ts';
import { LOG_LEVELS, type Settings } from '../settings.ts';
import { collectorsHere } from './collectors-here.ts';
import { collectorsEnd } from './collectors-end.ts';
import { type EndPart, flushAtEnd } from './flush-at-end.ts';
import { MainExportLater } from './main-export-later.ts';
import type { ExportStatus, LineLevel } from './metric-export.ts';
import type { SeriesLog } from './series-log.ts';
import { NOTHING_YET, UNDELIVERED, WorkerExport, type WorkerExportOptions } from './worker-export.ts';

export interface ExporterStatus extends ExportStatus {
  /** Where export runs now. */
  readonly mode: 'worker' | 'main' | 'none';
  readonly url: string;
  /** It goes to a collector in this process, and not to the URL. */
  readonly isInProcess: boolean;
  /** Of the exporting thread. */
  readonly restarts: number;
}

export interface Exporter {
  /** All that was measured until now: true when it was delivered, false when it was given up. Never rejects. */
  flush(timeoutMs?: number): Promise<boolean>;
  /** Begins the same, for a process that ends at once: what comes back blocks this thread until it is done. */
  beginFlush(timeoutMs?: number): () => boolean;
  /** Flushes, ends the thread, and takes every listener away. */
  shutdown(): Promise<void>;
  status(): ExporterStatus;
}

export interface StartOptions {
  /** The worker's program; default: `worker.js` beside this file. Where it is missing export runs on this thread. */
  readonly workerUrl?: URL;
  /** Asked for when export starts, or the process ends before. */
  readonly resource?: () => ResourceAttributes;
  /** What else is to be sent when the process ends, within the same time; asked for then. */
  readonly beside?: () => EndPart | undefined;
  /** Takes what is printed; default stderr. */
  readonly print?: (line: string) => void;
}

/** A level of OTEL_LOG_LEVEL lets one more of them through than the one before it; `none` and `error` none. */
const LINE_LEVELS: readonly LineLevel[] = ['warn', 'info', 'debug'];

/** Exports what `provider` measures, from now until the process ends. `log` is the provider's sink. */
export function startExport(
  provider: Pick<InstrumentEngine, 'observe'>,
  log: SeriesLog,
  settings: Settings,
  options: StartOptions = {},
): Exporter {
  if (settings.mode === 'none' || settings.metrics.exporter === 'none') return nothing(settings, options.beside);
  const told = linesOf(settings, options.print);
  let isQuiet = false;
  const line: typeof told = (level, text) => void (isQuiet || told(level, text));
  const workerUrl = workerFile(options.workerUrl);
  // Who says where it goes is not asked whether the application has a collector.
  const here = settings.otlp.isDefault ? collectorsHere('metrics', (text) => line('warn', text)) : undefined;
  let encoded: Uint8Array | undefined;
  const resource = (): Uint8Array => (encoded ??= encodeResource(options.resource?.() ?? detectResource(settings)));
  const shared = {
    provider,
    connect: () => here?.connect(),
    log,
    settings: { otlp: settings.otlp, metrics: settings.metrics },
    resource,
    line,
  };
  const exporting = startExporting(settings.mode, { ...shared, workerUrl });

  const exporter = {
    // On this thread a blocking flush is dear.
    turning: (timeoutMs: number, isSignal: boolean) =>
      isSignal || exporting.current instanceof WorkerExport ? undefined : exporter.flush(timeoutMs),
    flush: async (timeoutMs: number = EXPORT_LIMITS.flushMs) => {
      // Whoever asked waits for it, and a callback that it waits for may have nothing that keeps the process alive.
      const awake = setTimeout(() => undefined, timeoutMs);
      const before = exporting.current;
      const delivered = await before.flush(timeoutMs);
      clearTimeout(awake);
      // It may have turned out that there can be no worker.
      return delivered || exporting.current === before ? delivered : exporting.current.flush(timeoutMs);
    },
    beginFlush: (timeoutMs: number = EXPORT_LIMITS.flushMs) => {
      if (here?.isBlockedWithUs()) return UNDELIVERED;
      // Who stopped the collector that he had has sent his last data to it.
      isQuiet = here?.hasLeft() ?? false;
      const before = exporting.current;
      const wait = before.beginFlush(timeoutMs);
      return exporting.current === before ? wait : exporting.current.beginFlush(timeoutMs);
    },
    shutdown: async () => {
      undo();
      here?.leave();
      await exporter.flush();
      await exporting.current.stop();
    },
    status: (): ExporterStatus => ({
      ...exporting.current.status,
      mode: exporting.current instanceof MainExportLater ? 'main' : 'worker',
      url: settings.otlp.url,
      isInProcess: here?.isConnected() ?? false,
      restarts: exporting.restarts,
    }),
  };
  here?.join({ reconnect: () => exporting.current.reconnect(), flush: exporter.flush });
  const undo = endingWith(exporter, options.beside);
  return exporter;
}

interface Exporting {
  /** The worker, or this thread where there is none, or can be none any more. */
  readonly current: WorkerExport | MainExportLater;
  /** Of the worker. */
  readonly restarts: number;
}

function startExporting(
  mode: Settings['mode'],
  options: Omit<WorkerExportOptions, 'gaveUp' | 'workerUrl'> & { readonly workerUrl: URL | undefined },
): Exporting {
  const { line, workerUrl } = options;
  const onMain = (again: boolean): MainExportLater => new MainExportLater({ ...options, again });
  let current: WorkerExport | MainExportLater;
  let worker: WorkerExport | undefined;
  if (mode === 'worker' && workerUrl !== undefined) {
    worker = new WorkerExport({
      ...options,
      workerUrl,
      gaveUp: (cause) => {
        line('warn', `cannot keep an exporting thread: ${cause}; metrics are sent from the thread of the application`);
        current = onMain(true);
        current.start();
      },
    });
    current = worker;
  } else {
    if (mode === 'worker') line('warn', 'cannot find worker.js of the agent: metrics are sent from the application');
    current = onMain(false);
  }
  current.start();
  return {
    get current() {
      return current;
    },
    get restarts() {
      return worker?.restarts ?? 0;
    },
  };
}

/** Prints what a level of OTEL_LOG_LEVEL lets through. */
export function linesOf(
  { logLevel }: Settings,
  print: (line: string) => void = toStderr,
): (level: LineLevel, text: string) => void {
  return (level, text) => {
    if (LINE_LEVELS.indexOf(level) < LOG_LEVELS.indexOf(logLevel) - 1) print(`periscope agent: ${text}`);
  };
}

/** At the end of the process both at once, then the collectors of the application. */
export function endingWith(own: EndPart, beside: () => EndPart | undefined = () => undefined): () => void {
  return flushAtEnd(() => [own, beside() ?? {}], collectorsEnd());
}

function nothing({ otlp: { url } }: Settings, beside: StartOptions['beside']): Exporter {
  const undo = beside === undefined ? () => undefined : endingWith({}, beside);
  return {
    flush: () => Promise.resolve(true),
    beginFlush: () => () => true,
    shutdown: () => Promise.resolve(undo()),
    status: () => ({ ...NOTHING_YET, mode: 'none', url, isInProcess: false, restarts: 0 }),
  };
}

/** Where this file runs as it is written (Bun), so does the worker's. */
function besideThis(): URL {
  return new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js', import.meta.url);
}

/** The program of the agent's threads. In one executable file there is none. */
export function workerFile(url: URL = besideThis()): URL | undefined {
  try {
    return nodeFs.existsSync(url) ? url : undefined;
  } catch {
    return undefined;
  }
}

function toStderr(line: string): void {
  process.stderr.write(`${line}\n`);
}
