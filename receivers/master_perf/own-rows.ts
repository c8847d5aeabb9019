import { statSync } from 'node:fs';
import { performance, type EventLoopUtilization } from 'node:perf_hooks';
import type { Context } from '../../pipeline/component.ts';
import { compressed } from '../../pipeline/compression/totals.ts';
import type { PerfMetric } from '../../pipeline/perf/record.ts';
import type { OWN_SOURCES } from './config.ts';

type Source = (typeof OWN_SOURCES)[number];

const MEGABYTE = 1024 * 1024;
/** Bits of a mode that let others than the owner in. */
const OTHERS = 0o077;

/** What the process tells of itself in MASTER_PERF. Every value is looked at when it is told. */
export class OwnRows {
  readonly #sources: readonly Source[];
  readonly #context: Context;
  #loop: EventLoopUtilization = performance.eventLoopUtilization();

  constructor(sources: readonly Source[], context: Context) {
    this.#sources = sources;
    this.#context = context;
  }

  collect(): PerfMetric[] {
    const makers: Readonly<Record<Source, () => PerfMetric[]>> = {
      isolation: () => this.#isolation(),
      security: () => this.#security(),
      zstd: () => ratios(),
    };
    return this.#sources.flatMap((source) => makers[source]());
  }

  #isolation(): PerfMetric[] {
    const { rss, heapUsed, external } = process.memoryUsage();
    const before = this.#loop;
    this.#loop = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(this.#loop, before);
    const row = (subCat: string, id: string, value: string, impact: string, properties = {}): PerfMetric => ({
      category: 'Isolation',
      type: 'performance',
      topic: 'Collector process',
      subCat,
      id,
      value,
      pattern: 'resource_usage',
      locations: `pid ${process.pid}`,
      impact,
      properties,
    });
    return [
      row('Memory', 'rss', megabytes(rss), 'Resident memory of the process', { bytes: rss }),
      row('Memory', 'heap', megabytes(heapUsed), 'JavaScript heap in use', { bytes: heapUsed, externalBytes: external }),
      row('Event loop', 'utilization', `${(utilization * 100).toFixed(1)}%`, 'Share of one core that JavaScript takes'),
    ];
  }

  #security(): PerfMetric[] {
    const { audit, storage } = this.#context.host;
    const row = (topic: string, id: string, value: string, pattern: string, impact: string): PerfMetric => ({
      category: 'Security',
      type: 'configuration',
      topic,
      subCat: 'State',
      id,
      value,
      pattern,
      impact,
      locations: 'collector',
    });
    const hardened = privacyOf(storage.directory);
    return [
      row('Audit Log', 'audit', audit.active ? 'ENABLED' : 'DISABLED', 'audit_pattern', 'Violations and changes are kept'),
      row('Path Hardening', 'storage', hardened, 'security_pattern', 'Nobody else reads what the process keeps'),
    ];
  }
}

/** Of the folder with the state of the process, as the file system says it. */
function privacyOf(directory: string): string {
  try {
    return (statSync(directory).mode & OTHERS) === 0 ? 'ENABLED' : 'DISABLED';
  } catch {
    return 'UNUSED';
  }
}

/** Of what this process has compressed so far. */
function ratios(): PerfMetric[] {
  return Object.entries(compressed).flatMap(([encoding, { calls, bytesIn, bytesOut }]): PerfMetric[] =>
    calls === 0
      ? []
      : [
          {
            category: 'Zstd',
            type: 'performance',
            topic: `Compression ${encoding}`,
            subCat: 'Ratio',
            id: `compress.${encoding}`,
            value: `${(bytesIn / Math.max(1, bytesOut)).toFixed(2)}x`,
            pattern: 'compression_ratio',
            locations: 'pipeline/compression',
            impact: 'Bytes that exporters do not send',
            properties: { calls, bytesIn, bytesOut },
          },
        ],
  );
}

const megabytes = (bytes: number): string => `${(bytes / MEGABYTE).toFixed(1)} MiB`;
