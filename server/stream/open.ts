import type { Analytics } from '../../pipeline/analytics.ts';
import type { LedgerSnapshot } from '../../pipeline/ledger.ts';
import { logsScan, metricsScan, tracesScan } from '../../pipeline/otlp/scan.ts';
import { LiveStream, type StreamParts } from './live-stream.ts';
import { ActivitySource } from './sources/activity.ts';
import { logsSource } from './sources/logs.ts';
import { masterPerfSource } from './sources/master-perf.ts';
import { metricsSource } from './sources/metrics.ts';
import { sqlSource } from './sources/sql.ts';
import { tracesSource } from './sources/traces.ts';
import { Watches } from './watch.ts';

/** The live stream of a process, with the topics that live from the data, the ledger and the windows. */
export function openStream(parts: StreamParts & { ledger(): LedgerSnapshot; readonly analytics?: Analytics }): LiveStream {
  const watches = new Watches({ metrics: metricsScan, logs: logsScan, traces: tracesScan });
  const stream = new LiveStream(parts, watches);
  const now = (): number => parts.clock.now();
  stream.register(metricsSource(watches, now));
  stream.register(logsSource(watches));
  stream.register(tracesSource(watches));
  stream.register(new ActivitySource(parts.audit, () => parts.ledger(), now));
  if (parts.analytics !== undefined) {
    stream.register(masterPerfSource(parts.analytics));
    stream.register(sqlSource(parts.analytics));
  }
  return stream;
}
