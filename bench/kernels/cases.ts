import { gunzipSync, gzipSync } from 'node:zlib';
import type { Batch } from '../../pipeline/batch/batch.ts';
import { Lease } from '../../pipeline/batch/lease.ts';
import { Receipt } from '../../pipeline/batch/receipt.ts';
import { merge, type ScopedBatch } from '../../pipeline/batch/scoped-batch.ts';
import { compress } from '../../pipeline/compression/compress.ts';
import { decompress, OWN_MEMORY, unpack } from '../../pipeline/compression/decompress.ts';
import { LIMITS } from '../../pipeline/limits.ts';
import type { Inspection } from '../../pipeline/otlp/inspection.ts';
import { jsonToProtobuf } from '../../pipeline/otlp/json-to-protobuf.ts';
import { protobufToJson } from '../../pipeline/otlp/protobuf-to-json.ts';
import { logsScan, metricsScan, tracesScan } from '../../pipeline/otlp/scan.ts';
import { walk, Walk } from '../../pipeline/otlp/walk.ts';
import { bind } from '../../pipeline/scope/bind.ts';
import { config as sanitizeConfig } from '../../processors/sanitize/config.ts';
import { create as createSanitize } from '../../processors/sanitize/sanitize.ts';
import { ResourceGroups } from '../../server/stream/resource-groups.kernel.ts';
import { WantedGroups } from '../../server/stream/wanted-groups.ts';
import { agentCases } from './agent-record.ts';
import { trackCases } from './agent-track.ts';
import { chartCases } from './chart-cases.ts';
import { changingProcessors, runThrough, unleased } from './changing-cases.ts';
import { BodySource } from '../load/body-source.ts';
import { itemsPerBody, type Workload } from '../load/workload.ts';

/** One thing to time: `run(i)` does it to the i-th of several different inputs, all alike in size. */
export interface KernelCase {
  readonly name: string;
  /** Of one uncompressed request, or of all that one `run` works on. */
  readonly bytes: number;
  readonly items: number;
  readonly inputs: number;
  run(input: number): unknown;
}

/** More than a core's caches hold, so that a kernel reads as it does in a collector: from memory. */
const BODIES = 64;
const MERGED = 8;
const BODY_MAX = 64 * 2 ** 20;
const SCAN_DICTIONARY_BYTES = 64 * 2 ** 20;
const CLAIM_KEYS = [Buffer.from('periscope.scope'), Buffer.from('dashboard.scope')];
const STAGE = { keys: ['periscope.scope', 'dashboard.scope'], on_missing: 'inject' } as const;
const BINDING = { allowed: ['ENTERPRISE'], fallback: 'ENTERPRISE', from: 'listener' } as const;

const METRICS: Workload = { signal: 'metrics', groupsPerBody: 100, sets: 'repeating', dirty: false };
const WORKLOADS: readonly (readonly [string, Workload])[] = [
  ['metrics', METRICS],
  ['metrics, 1 M sets', { ...METRICS, sets: 'million' }],
  ['metrics, 10 % dirty', { ...METRICS, dirty: true }],
  ['logs', { ...METRICS, signal: 'logs' }],
  ['traces, unique', { ...METRICS, signal: 'traces', sets: 'unique' }],
];

/** Every kernel on every load that matters to it; inputs are made when a case is reached. */
export function* kernelCases(): Generator<KernelCase> {
  for (const [title, workload] of WORKLOADS) {
    const bodies = bodiesOf(workload);
    yield* pathCases(title, workload, bodies);
    if (!title.includes(',')) yield* codecCases(title, workload, bodies);
  }
  yield* chartCases();
  yield* agentCases();
  yield* trackCases();
}

/** Steps of a request through the collector. */
function* pathCases(title: string, workload: Workload, bodies: readonly Buffer[]): Generator<KernelCase> {
  const sanitize = createSanitize(sanitizeConfig.parse(undefined));
  const scopeOnly: Inspection = { claimKeys: CLAIM_KEYS, attributes: undefined, mendsText: false };
  const full: Inspection = { claimKeys: CLAIM_KEYS, attributes: sanitize.inspection?.attributes, mendsText: true };
  const about = describe(workload, bodies);
  yield { name: `walk, ${title}`, ...about, run: (i) => walk(workload.signal, bodies[i]!, scopeOnly) };
  const scan = { metrics: metricsScan, logs: logsScan, traces: tracesScan }[workload.signal]();
  yield { name: `scan, ${title}`, ...about, run: (i) => scanAnew(scan, bodies[i]!) };
  const [groups, wanted] = [new ResourceGroups(), new WantedGroups([new Set()])];
  const find = (i: number): unknown => groups.find(bodies[i]!) && wanted.find(groups, LIMITS.streamResourceBytes);
  yield { name: `find resource groups, ${title}`, ...about, run: find };
  yield { name: `walk for sanitize, ${title}`, ...about, run: (i) => walk(workload.signal, bodies[i]!, full) };
  const walked = bodies.map((body) => walkOf(workload, body, full));
  yield { name: `splice the scope, ${title}`, ...about, run: (i) => bound(walked[i]!).segments };
  const unclean = walked.map(bound);
  yield { name: `sanitise, ${title}`, ...about, run: (i) => sanitize.process(unclean[i]!, ignore, ignore) };
  if (!title.includes(',')) {
    const plain = unclean.map(unleased);
    for (const [name, processor] of changingProcessors(workload.signal))
      yield { name: `${name}, ${title}`, ...about, run: (i) => runThrough(processor, plain[i]!) };
  }
  const merged = { bytes: about.bytes * MERGED, items: about.items * MERGED, inputs: BODIES / MERGED };
  const slice = (i: number): ScopedBatch[] => walked.slice(i * MERGED, (i + 1) * MERGED).map(bound);
  yield { name: `splice and assemble a batch, ${title}`, ...merged, run: (i) => merge(slice(i)).segments };
}

/** Compression and JSON. */
function* codecCases(title: string, workload: Workload, bodies: readonly Buffer[]): Generator<KernelCase> {
  const { signal } = workload;
  const about = describe(workload, bodies);
  const packed = bodies.map((body) => gzipSync(body));
  yield { name: `inflate, ${title}`, ...about, run: (i) => decompress('gzip', packed[i]!, BODY_MAX) };
  yield { name: `inflate by zlib, ${title}`, ...about, run: (i) => gunzipSync(packed[i]!, { chunkSize: 256 * 1024 }) };
  yield* recodeCases(title, workload, packed, about);
  for (const level of [1, 6]) {
    yield { name: `deflate level ${level}, ${title}`, ...about, run: (i) => compress('gzip', [bodies[i]!], level) };
  }
  yield { name: `protobuf to JSON, ${title}`, ...about, run: (i) => protobufToJson(signal, [bodies[i]!]) };
  const json = bodies.map((body) => Buffer.from(protobufToJson(signal, [body])));
  yield { name: `JSON to protobuf, ${title}`, ...about, run: (i) => jsonToProtobuf(signal, json[i]!) };
}

/** A batch of requests that came compressed, each with the scope put in: as their senders had found it, and anew. */
function* recodeCases(title: string, { signal }: Workload, packed: readonly Buffer[], about: About): Generator<KernelCase> {
  const inspection: Inspection = { claimKeys: CLAIM_KEYS, attributes: undefined, mendsText: false, keepsMatches: true };
  const batches = packed.map((body) => {
    const unpacked = unpack('gzip', body, BODY_MAX, true, OWN_MEMORY);
    if (!('bytes' in unpacked)) throw new Error(unpacked.message);
    const walked = walk(signal, unpacked.bytes, inspection, undefined, { lease: new Lease(), matches: unpacked.matches });
    if (!(walked instanceof Walk)) throw new Error(walked.message);
    return bound(walked);
  });
  const merged = Array.from({ length: BODIES / MERGED }, (_, i) => merge(batches.slice(i * MERGED, (i + 1) * MERGED)));
  const size = { bytes: about.bytes * MERGED, items: about.items * MERGED, inputs: merged.length };
  yield { name: `recode a batch, ${title}`, ...size, run: (i) => compress('gzip', merged[i]!.segments, 1, merged[i]!.sources) };
  for (const level of [1, 6]) {
    yield {
      name: `deflate a batch at level ${level}, ${title}`,
      ...size,
      run: (i) => compress('gzip', merged[i]!.segments, level),
    };
  }
}

type About = Pick<KernelCase, 'bytes' | 'items' | 'inputs'>;

function describe(workload: Workload, bodies: readonly Buffer[]): About {
  const total = bodies.reduce((sum, body) => sum + body.length, 0);
  return { bytes: total / bodies.length, items: itemsPerBody(workload), inputs: bodies.length };
}

function bodiesOf(workload: Workload): Buffer[] {
  const source = new BodySource(workload);
  const out = Buffer.alloc(source.maxBytes);
  const view = new DataView(out.buffer, out.byteOffset, out.length);
  return Array.from({ length: BODIES }, (_, number) => Buffer.from(out.subarray(0, source.write(number, out, view, 0))));
}

function walkOf(workload: Workload, body: Buffer, inspection: Inspection): Walk {
  const walked = walk(workload.signal, body, inspection);
  if (!(walked instanceof Walk)) throw new Error(walked.message);
  return walked;
}

function bound(walked: Walk): ScopedBatch {
  const batch: Batch = { signal: walked.signal, walk: walked, origin: { receiver: 'otlp', transport: 'http', binding: BINDING } };
  return bind(batch, STAGE, new Receipt()).batches[0]!;
}

/** Rows are given up after each body; dictionaries stay, until they are as large as a window lets them grow. */
function scanAnew(scan: ReturnType<typeof metricsScan | typeof logsScan | typeof tracesScan>, body: Buffer): number {
  if (scan.dictionaries.bytes > SCAN_DICTIONARY_BYTES) scan.rotate();
  scan.clear();
  return scan.scan(body).rows;
}

function ignore(): void {}
