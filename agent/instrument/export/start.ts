import { nodeFs } from '../builtins.ts';
import { encodeResource } from '../encode/attributes.ts';
import type { InstrumentEngine } from '../metrics/contract.ts';
import { EXPORT_LIMITS } from '../limits.ts';
import { detectResource, type ResourceAttributes } from '../resource.ts';
import type { LogLevel, Settings } from '../settings.ts';
import { collectorsHere } from './collectors-here.ts';
import { type BeforeSignal, flushAtEnd } from './flush-at-end.ts';
import { MainExportLater } from './main-export-later.ts';
import type { ExportStatus, LineLevel } from './metric-export.ts';
import type { SeriesLog } from './series-log.ts';
import { NOTHING_YET, WorkerExport, type WorkerExportOptions } from './worker-export.ts';

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
  /** The same, and blocks this thread: for a process that ends at once. */
  flushSync(timeoutMs?: number): boolean;
  /** Flushes, ends the thread, and takes every listener away. */
  shutdown(): Promise<void>;
  status(): ExporterStatus;
}

export interface StartOptions {
  /** The worker's program; default: `worker.js` beside this file. Where it is missing export runs on this thread. */
  readonly workerUrl?: URL;
  /** Asked for when export starts, or the process ends before. */
  readonly resource?: () => ResourceAttributes;
  readonly beforeSignal?: BeforeSignal;
  /** Takes what is printed; default stderr. */
  readonly print?: (line: string) => void;
}

/** Which lines a level of OTEL_LOG_LEVEL lets through. */
const PRINTED: Readonly<Record<LogLevel, readonly LineLevel[]>> = {
  none: [],
  error: [],
  warn: ['warn'],
  info: ['warn', 'info'],
  debug: ['warn', 'info', 'debug'],
  verbose: ['warn', 'info', 'debug'],
  all: ['warn', 'info', 'debug'],
};

/** Exports what `provider` measures, from now until the process ends. `log` is the provider's sink. */
export function startExport(
  provider: Pick<InstrumentEngine, 'observe'>,
  log: SeriesLog,
  settings: Settings,
  options: StartOptions = {},
): Exporter {
  if (settings.mode === 'none' || settings.metrics.exporter === 'none') return nothing(settings);
  const told = linesOf(settings, options.print);
  let isQuiet = false;
  const line: typeof told = (level, text) => void (isQuiet || told(level, text));
  const workerUrl = existing(options.workerUrl ?? besideThis());
  // Who says where it goes is not asked whether the application has a collector.
  const here = settings.otlp.isDefault ? collectorsHere((text) => line('warn', text)) : undefined;
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
    get flushesBeforeExit() {
      return exporting.current instanceof MainExportLater;
    },
    flush: async (timeoutMs: number = EXPORT_LIMITS.flushMs) => {
      // Whoever asked waits for it, and a callback that it waits for may have nothing that keeps the process alive.
      const awake = setTimeout(() => undefined, timeoutMs);
      const before = exporting.current;
      const delivered = await before.flush(timeoutMs);
      clearTimeout(awake);
      // It may have turned out that there can be no worker.
      return delivered || exporting.current === before ? delivered : exporting.current.flush(timeoutMs);
    },
    flushSync: (timeoutMs: number = EXPORT_LIMITS.flushMs) => {
      if (here?.isBlockedWithUs()) return false;
      // Who stopped the collector that he had has sent his last data to it.
      isQuiet = here?.hasLeft() ?? false;
      const before = exporting.current;
      const delivered = before.flushSync(timeoutMs);
      return delivered || exporting.current === before ? delivered : exporting.current.flushSync(timeoutMs);
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
  const undo = flushAtEnd(exporter, options.beforeSignal, () => here?.end());
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

function linesOf({ logLevel }: Settings, print: (line: string) => void = toStderr): (level: LineLevel, text: string) => void {
  return (level, text) => {
    if (PRINTED[logLevel].includes(level)) print(`periscope agent: ${text}`);
  };
}

function nothing({ otlp: { url } }: Settings): Exporter {
  return {
    flush: () => Promise.resolve(true),
    flushSync: () => true,
    shutdown: () => Promise.resolve(),
    status: () => ({ ...NOTHING_YET, mode: 'none', url, isInProcess: false, restarts: 0 }),
  };
}

/** Where this file runs as it is written (Bun), so does the worker's. */
function besideThis(): URL {
  return new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js', import.meta.url);
}

/** In one executable file there is none. */
function existing(url: URL): URL | undefined {
  try {
    return nodeFs.existsSync(url) ? url : undefined;
  } catch {
    return undefined;
  }
}

function toStderr(line: string): void {
  process.stderr.write(`${line}\n`);
}
