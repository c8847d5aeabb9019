import { fork } from 'node:child_process';
import { startExport } from '../../agent/instrument/export/start.ts';
import { whyNotToStart } from '../../agent/instrument/export/whether-to-start.ts';
import { SeriesLog } from '../../agent/instrument/export/series-log.ts';
import { AgentMeterProvider } from '../../agent/instrument/metrics/provider.ts';
import { readSettings } from '../../agent/instrument/settings.ts';

/** An application with the agent in it, for tests that start it as a process: `node agent-app.js <end> <value> <after ms> [warm]`.
 *  With `warm` those ms begin after a flush, so that the agent runs. It adds `value` to the counter `app.count`, the last part of it in the moment before it ends. */
const [, , ending = 'end', text = '1', after = '0', warm] = process.argv;
const value = Number(text);
const print = (line: string): void => void process.stderr.write(`${line}\n`);
const settings = readSettings(process.env, print);
const log = new SeriesLog();
const provider = new AgentMeterProvider({ sink: log, onFault: (_kind, detail) => print(detail) });
const refused = whyNotToStart(settings);
const exporter = refused === undefined ? startExport(provider, log, settings, { print }) : undefined;
if (refused !== undefined) print(`not started: ${refused}`);
// For whoever asks why a value did not arrive.
const beginFlush = exporter?.beginFlush;
if (exporter !== undefined && beginFlush !== undefined) {
  exporter.beginFlush = (timeoutMs) => {
    const began = performance.now();
    const wait = beginFlush(timeoutMs);
    return () => {
      const delivered = wait();
      print(`last flush: ${delivered ? 'delivered' : 'given up'} after ${Math.round(performance.now() - began)} ms`);
      return delivered;
    };
  };
}

const counter = provider.getMeter('app').createCounter('app.count').bind({ kind: 'last' });
const gauge = provider.getMeter('app').createObservableGauge('app.observed');
let last = 0;
gauge.addCallback((result) => result.observe(last));
const seen: string[] = [];
process.on('exit', (code) => print(`exit ${code}${seen.map((each) => ` ${each}`).join('')}`));

counter.add(1);
const finish = (): void => {
  counter.add(value - 1);
  last = value;
};

const ENDINGS: Readonly<Record<string, () => void>> = {
  end: finish,
  exit: () => {
    finish();
    process.exit(3);
  },
  /** What it measures last it measures in a listener of its own. */
  late: () => {
    process.on('exit', finish);
    setTimeout(() => process.exit(3), 1);
  },
  throw: () => {
    finish();
    throw new Error('nobody catches this');
  },
  reject: () => {
    finish();
    void Promise.reject(new Error('nobody catches this either'));
  },
  /** Waits for a signal. */
  wait: () => {
    finish();
    setInterval(() => undefined, 1000);
    process.stdout.write('waiting\n');
  },
  /** Has a listener of its own, which takes its time. */
  drain: () => {
    setInterval(() => undefined, 1000);
    process.on('SIGTERM', () =>
      setTimeout(() => {
        finish();
        process.exit(7);
      }, 50),
    );
    process.stdout.write('waiting\n');
  },
  block: () => {
    finish();
    process.stdout.write('waiting\n');
    const end = performance.now() + 3000;
    while (performance.now() < end);
  },
  fork: () => {
    fork(process.argv[1]!, ['end', text, after, ...(warm === undefined ? [] : [warm])]).once('exit', finish);
  },
  /** What an application asks for itself. */
  flush: () => {
    finish();
    void exporter?.flush(30_000).then((delivered) => print(`flushed ${delivered}`));
  },
  /** The same, where a callback never observes what it is to. */
  hang: () => {
    provider
      .getMeter('app')
      .createObservableGauge('app.hanging')
      .addCallback(() => new Promise(() => undefined));
    ENDINGS['flush']!();
  },
  shutdown: () => {
    finish();
    const began = performance.now();
    void exporter?.shutdown().then(() => {
      print(`last flush: ended after ${Math.round(performance.now() - began)} ms`);
      print(
        `listeners ${process.listenerCount('SIGTERM') + process.listenerCount('SIGINT') + process.listenerCount('beforeExit')}`,
      );
      print(JSON.stringify(exporter.status()));
    });
  },
};
for (const event of ['uncaughtExceptionMonitor', 'beforeExit'] as const) process.on(event, () => seen.push(event));
if (warm !== undefined) void exporter?.flush(10_000).then(() => setTimeout(ENDINGS[ending]!, Number(after)));
else if (Number(after) === 0) ENDINGS[ending]!();
else setTimeout(ENDINGS[ending]!, Number(after));
