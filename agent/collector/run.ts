import { buildGraph } from '../../pipeline/graph.ts';
import { systemClock } from '../../pipeline/clock.ts';
import type { Loaded } from '../../config/load.ts';
import { formatFault } from '../../config/fault.ts';
import type { LogSettings } from '../../config/telemetry.ts';
import { deliveryLines } from './counts.ts';
import { createHost, type CollectorHost } from './host.ts';
import { createLog, isShown, type Write } from './log.ts';
import { packageVersion } from './package-root.ts';
import { summaryLine, type Reading } from './summary.ts';
import { welcomeText } from './welcome.ts';

const SUMMARY_EVERY_MS = 5000;

/** A collector that runs, as `periscope run` and the embedding API see it. */
export interface RunningCollector {
  readonly host: CollectorHost;
  /** Drains within `service.shutdown_timeout`. Safe twice. */
  stop(): Promise<void>;
}

/** Builds and starts the graph of a loaded configuration. Rejects with a StartError; nothing is left open then. */
export async function startLoaded(loaded: Loaded, write: Write): Promise<RunningCollector> {
  const log = createLog(write, loaded.service.telemetry.logs);
  for (const warning of loaded.warnings) log.warn(formatFault(warning));
  const { plan } = loaded;
  const host = createHost(plan.storage.directory, {
    auth: loaded.auth,
    matrix: loaded.matrix,
    runsAs: loaded.detected.scope,
    log,
  });
  const graph = await buildGraph(plan, host, { clock: systemClock, random: Math.random, log });
  host.attach(graph);
  try {
    await graph.start();
  } catch (error) {
    await graph.stop(0);
    throw error;
  }
  if (host.audit.active) {
    const { configEvent } = await import('./config-event.ts');
    host.audit.record(configEvent('started', loaded));
  }
  return { host, stop: () => graph.stop(plan.service.shutdownTimeoutMs) };
}

/** Runs in the foreground until a signal; resolves to the exit code. `started` is called once everything listens. */
export async function run(loaded: Loaded, names: readonly string[], toStderr: Write, started: () => void): Promise<number> {
  const write = wordsFor(loaded.service.telemetry.logs, toStderr);
  const stopping = { drains: false };
  const signalled = firstSignal(stopping);
  const collector = await startLoaded(loaded, toStderr);
  const { plan, detected } = loaded;
  write(welcomeText({ version: packageVersion(), plan, detected, listeners: collector.host.listeners, configs: names }));
  stopping.drains = true;
  started();
  const summary = startSummary(collector.host, write);
  const signal = await signalled;
  clearInterval(summary);
  const seconds = plan.service.shutdownTimeoutMs / 1000;
  write(
    `${signal}: stopping; queues drain for up to ${seconds} s (${signal === 'SIGINT' ? 'Ctrl-C' : signal} again leaves at once)`,
  );
  await collector.stop();
  const lines = deliveryLines(collector.host.ledger());
  for (const line of lines.length === 0 ? ['nothing came in'] : lines) write(line);
  return 0;
}

/** How the words for a person (welcome, summary, goodbye) come out beside the log: as they are; where the log is for a
 *  machine, as its lines; where only what is wrong is wanted, not at all. */
function wordsFor(settings: LogSettings, write: Write): Write {
  if (!isShown('info', settings.level)) return () => {};
  if (settings.encoding === 'console') return write;
  const log = createLog(write, settings);
  return (text) => {
    for (const line of text.split('\n')) if (line.trim() !== '') log.info(line.trim());
  };
}

const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;
type StopSignal = keyof typeof EXIT_CODES;

/** The first signal asks for a drain; a second one, of either kind, leaves at once, and so does one during the start. */
function firstSignal(stopping: { readonly drains: boolean }): Promise<StopSignal> {
  return new Promise((resolve) => {
    let asked = false;
    for (const signal of Object.keys(EXIT_CODES) as StopSignal[]) {
      process.on(signal, () => {
        if (asked || !stopping.drains) process.exit(EXIT_CODES[signal]);
        asked = true;
        resolve(signal);
      });
    }
  });
}

function startSummary(host: CollectorHost, write: Write): NodeJS.Timeout {
  let before = reading(host);
  return setInterval(() => {
    const now = reading(host);
    const line = summaryLine(before, now);
    before = now;
    if (line !== undefined) write(`${new Date(now.atMs).toTimeString().slice(0, 8)}  ${line}`);
  }, SUMMARY_EVERY_MS);
}

function reading(host: CollectorHost): Reading {
  const { user, system } = process.cpuUsage();
  return {
    ledger: host.ledger(),
    status: host.status(),
    atMs: Date.now(),
    cpuMs: (user + system) / 1000,
    rssBytes: process.memoryUsage.rss(),
  };
}
