import type { SeriesSink } from '../metrics/contract.ts';
import { OwnInstruments } from './own-instruments.ts';

const IN_PROCESS = {
  'otel.component.name': 'periscope_in_process_metric_exporter/0',
  'otel.component.type': 'periscope_in_process_metric_exporter',
};

/** The exporter's own metrics, by the names of semantic conventions (otel.sdk.exporter.*), and what the application's thread
 *  cannot tell of itself while it is blocked. */
export class OwnMetrics {
  #exporter: Readonly<Record<string, string | number>>;
  readonly #overHttp: Readonly<Record<string, string | number>>;
  readonly #exported;
  readonly #inflight;
  readonly #operations;
  readonly #collections;
  readonly #stalled;
  readonly #stalls;

  /** `url`: of the collector. */
  constructor(sink: SeriesSink, nowNs: () => bigint, url: string) {
    const { hostname, port, protocol } = new URL(url);
    const defaultPort = protocol === 'https:' ? 443 : 80;
    this.#overHttp = {
      'otel.component.name': 'otlp_http_metric_exporter/0',
      'otel.component.type': 'otlp_http_metric_exporter',
      'server.address': hostname,
      'server.port': port === '' ? defaultPort : Number(port),
    };
    this.#exporter = this.#overHttp;
    const own = new OwnInstruments(sink, nowNs);
    const exporter = 'otel.sdk.exporter';
    this.#exported = own.counter(
      `${exporter}.metric_data_point.exported`,
      '{data_point}',
      'Data points whose export has ended; with error.type those that were not taken',
    );
    this.#inflight = own.upDownCounter(
      `${exporter}.metric_data_point.inflight`,
      '{data_point}',
      'Data points that were sent and not answered for',
    );
    this.#operations = own.durations(`${exporter}.operation.duration`, 'One request to the collector');
    this.#collections = own.durations('otel.sdk.metric_reader.collection.duration', 'Reading and encoding all series');
    const loop = 'periscope.agent.event_loop';
    this.#stalled = own.gauge(`${loop}.blocked`, 's', "For how long the application's event loop has been blocked");
    this.#stalls = own.durations(`${loop}.block.duration`, "How long the application's event loop was blocked, each time");
  }

  /** Of the request that is sent next, and of all that is said of it. */
  goes(inProcess: boolean): void {
    this.#exporter = inProcess ? IN_PROCESS : this.#overHttp;
  }

  collected(seconds: number): void {
    this.#collections(seconds, { 'otel.component.type': 'periodic_metric_reader' });
  }

  sent(points: number): void {
    this.#inflight(points, this.#exporter);
  }

  /** `status` of the answer, undefined without one; `error` of a failure. */
  answered(points: number, seconds: number, status: number | undefined, error: string | undefined): void {
    this.#inflight(-points, this.#exporter);
    this.#operations(seconds, {
      ...this.#exporter,
      ...(status === undefined ? {} : { 'http.response.status_code': status }),
      ...(error === undefined ? {} : { 'error.type': errorType(error) }),
    });
  }

  /** These points were delivered, or with an error given up. */
  ended(points: number, error?: string): void {
    if (points > 0)
      this.#exported(points, error === undefined ? this.#exporter : { ...this.#exporter, 'error.type': errorType(error) });
  }

  blocked(seconds: number): void {
    this.#stalled(seconds, {});
  }

  released(seconds: number): void {
    this.#stalled(0, {});
    this.#stalls(seconds, {});
  }
}

/** Codes and statuses; a text in words may be any. */
function errorType(error: string): string {
  return /^\w{1,48}$/.test(error) ? error : '_OTHER';
}
