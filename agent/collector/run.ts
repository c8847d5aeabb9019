import type { LogSettings } from '../../config/telemetry.ts';
import type { Demo } from '../demo/demo.ts';
import { deliveryLines, exportedSince } from './counts.ts';
import type { ConfigOrigin } from './configs.ts';
import { Collector } from './collector.ts';
import { watchConfig } from './config-watch.ts';
import { onHangup } from './hangups.ts';
import type { CollectorHost } from './host.ts';
import { createLog, isShown, type Write } from './log.ts';
import { processMemory } from '../../pipeline/process-memory.ts';
import { packageVersion } from './package-root.ts';
import { Summary, type Reading } from './summary.ts';
import { welcomeText } from './welcome.ts';

const LOOK_EVERY_MS = 1000;

/** Runs in the foreground until a signal; resolves to the exit code. `started` is called once everything listens. With
 *  `demoSeed` a shop sends. */
export async function run(origin: ConfigOrigin, toStderr: Write, started: () => void, demoSeed?: string): Promise<number> {
  const stopping = { drains: false };
  const signalled = firstSignal(stopping);
  const loaded = await origin.load();
  const write = wordsFor(loaded.service.telemetry.logs, toStderr);
  const collector = await Collector.start(loaded, toStderr);
  const { plan, detected } = loaded;
  const { names } = origin;
  const { listeners } = collector.host;
  // Into a person's terminal only: a log is kept, and read by others.
  const ticket = loaded.service.telemetry.logs.encoding === 'console' ? collector.host.ticketForOwner() : undefined;
  write(welcomeText({ version: packageVersion(), plan, detected, listeners, configs: names, ticket }));
  const demo = demoSeed === undefined ? undefined : await startDemo(collector, demoSeed, write);
  stopping.drains = true;
  const unwatch = reloadOnDemand(collector, origin, loaded.service.reload_interval);
  started();
  const summary = startSummary(collector.host, write);
  const signal = await signalled;
  unwatch();
  clearInterval(summary);
  const seconds = collector.loaded.plan.service.shutdownTimeoutMs / 1000;
  write(
    `${signal}: stopping; queues drain for up to ${seconds} s (${signal === 'SIGINT' ? 'Ctrl-C' : signal} again leaves at once)`,
  );
  await demo?.stop();
  await collector.stop();
  const lines = deliveryLines(exportedSince(collector.before, collector.host.ledger()));
  for (const line of lines.length === 0 ? ['nothing came in'] : lines) write(line);
  return 0;
}

/** Rejects with a StartError, the collector stopped, where nothing takes what the shop would send. */
async function startDemo(collector: Collector, seed: string, write: Write): Promise<Demo> {
  const { startDemo: start } = await import('../demo/demo.ts');
  try {
    return start(collector.loaded.plan, collector.host.listeners, seed, (text) =>
      write(`${clockTime(Date.now())}  demo: ${text}`),
    );
  } catch (error) {
    await collector.stop();
    throw error;
  }
}

const clockTime = (atMs: number): string => new Date(atMs).toTimeString().slice(0, 8);

/** On SIGHUP, and when a file has changed. Many at once are one. */
function reloadOnDemand(collector: Collector, { sources, load }: ConfigOrigin, everyMs: number): () => void {
  let wanted = false;
  const reload = async (): Promise<void> => {
    if (wanted) return;
    wanted = true;
    await collector.reload(() => {
      wanted = false;
      return load();
    });
  };
  const onDemand = (): void => void reload();
  const ignore = onHangup(onDemand);
  const unwatch = everyMs === 0 ? () => {} : watchConfig(sources, everyMs, onDemand);
  return () => {
    unwatch();
    ignore();
  };
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
  const summary = new Summary(reading(host));
  return setInterval(() => {
    const now = reading(host);
    for (const line of summary.lines(now)) write(`${clockTime(now.atMs)}  ${line}`);
  }, LOOK_EVERY_MS);
}

function reading(host: CollectorHost): Reading {
  const { user, system } = process.cpuUsage();
  return {
    ledger: host.ledger(),
    status: host.status(),
    atMs: Date.now(),
    cpuMs: (user + system) / 1000,
    rssBytes: processMemory().rss,
  };
}
