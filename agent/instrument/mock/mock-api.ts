import { encodeResource } from '../encode/attributes.ts';
import { CellReader } from '../encode/reader.ts';
import type { KeptSource } from '../export/series-log.ts';
import type { InstrumentEngine } from '../metrics/contract.ts';
import type { ResourceAttributes } from '../resource.ts';
import { protobufToJson } from '../../../pipeline/otlp/protobuf-to-json.ts';

/** Bytes of one request, as the exporter has it. */
const REQUEST_BYTES = 4 * 1024 * 1024;
const OBSERVE_TIMEOUT_MS = 1000;

/** A collector that is not there: what the agent would have sent, for tests of an app. Nothing leaves the process. */
export class MockApi {
  readonly #reader: CellReader;
  #engine: InstrumentEngine | undefined;
  #kept: KeptSource | undefined;

  constructor(resource: ResourceAttributes) {
    this.#reader = new CellReader({ resource: encodeResource(resource), temporality: 'cumulative' });
  }

  /** What the engine tells of its cells. */
  get sink(): CellReader {
    return this.#reader;
  }

  attach(engine: InstrumentEngine, kept?: KeptSource): void {
    this.#engine = engine;
    this.#kept = kept;
  }

  /** All that was measured until now, as the ExportMetricsServiceRequests a collector would have got, in OTLP's JSON form. */
  async requests(): Promise<readonly unknown[]> {
    await this.#engine?.observe(OBSERVE_TIMEOUT_MS);
    if (this.#kept !== undefined) this.#reader.addKept(this.#kept.take(false));
    const { requests, commit } = this.#reader.collect(BigInt(Date.now()) * 1_000_000n, REQUEST_BYTES);
    const decoded = requests.map(({ body }): unknown => JSON.parse(protobufToJson('metrics', [body])));
    commit();
    return decoded;
  }
}
