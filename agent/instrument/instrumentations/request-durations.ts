import type { Attributes, Histogram, Meter } from '@opentelemetry/api';
import type { Tools } from './contract.ts';
import type { AgentRecorder, BoundRecorder } from '../metrics/contract.ts';
import { OTHER } from './error-types.ts';
import { INSTRUMENTATION_LIMITS } from './limits.ts';

/** The boundaries that the semantic conventions advise for durations of HTTP requests, in s. */
export const HTTP_BUCKETS_S = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

/** The methods that the conventions know; any other is `_OTHER`, so that no client makes series by inventing some. */
const METHODS = [OTHER, 'CONNECT', 'DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT', 'TRACE', 'QUERY'];
const METHOD_NUMBERS = new Map(METHODS.map((method, number) => [method, number]));
const VERSIONS = ['', '1.0', '1.1', '2', '3'];
const VERSION_NUMBERS = new Map(VERSIONS.map((version, number) => [version, number]));

/** A request that is over. */
export interface EndedRequest {
  readonly seconds: number;
  /** As it came: `GET`. */
  readonly method: string | undefined;
  /** 0: there was no response. */
  readonly status: number;
  /** `1.1`; empty where it is not known. */
  readonly version: string;
  readonly secure: boolean;
  /** What the series is of besides: a server's route, or whom a client asked. Empty is none. */
  readonly place: string;
  /** What went wrong where no status tells. */
  readonly errorType?: string | undefined;
}

export interface RequestDurationsOptions {
  readonly name: 'http.server.request.duration' | 'http.client.request.duration';
  readonly description: string;
  /** The least status that is an error: 500 for a server, 400 for a client. */
  readonly errorStatus: number;
  /** Attributes of a place. */
  readonly placed: (place: string) => Attributes;
}

/**
 * A histogram of durations of requests, in s. A series is found by two look-ups, of a text that exists already and of a
 * small number, then measured without any: the cost of a request is that of two clock readings and some additions.
 */
export class RequestDurations {
  readonly #meter: Meter;
  /** Made by the first request or before the first collection: an application that starts does not wait for it. */
  #made: Histogram | undefined;
  readonly #options: RequestDurationsOptions;
  readonly #places = new Map<string, Map<number, BoundRecorder>>();
  #cells = 0;

  constructor({ meter, later }: Pick<Tools, 'later' | 'meter'>, options: RequestDurationsOptions) {
    this.#meter = meter;
    this.#options = options;
    later(() => this.#make());
  }

  /** What a meter cannot make it says at once, where there is no later. */
  #make(): () => void {
    void this.#histogram;
    return () => undefined;
  }

  get #histogram(): Histogram {
    const { name, description } = this.#options;
    const advice = { explicitBucketBoundaries: HTTP_BUCKETS_S };
    return (this.#made ??= this.#meter.createHistogram(name, { description, unit: 's', advice }));
  }

  record({ seconds, method, status, version, secure, place, errorType }: EndedRequest): void {
    const methodNumber = METHOD_NUMBERS.get(method ?? '') ?? 0;
    const versionNumber = VERSION_NUMBERS.get(version) ?? 0;
    const counted = status >= 100 && status <= 999 ? status : 0;
    if (errorType !== undefined) {
      const attributes = this.#attributes(methodNumber, counted, versionNumber, secure, place);
      this.#histogram.record(seconds, { ...attributes, 'error.type': errorType });
      return;
    }
    const number = ((counted * 16 + methodNumber) * 8 + versionNumber) * 2 + (secure ? 1 : 0);
    const cell = this.#places.get(place)?.get(number);
    if (cell !== undefined) return cell.record(seconds);
    const attributes = this.#attributes(methodNumber, counted, versionNumber, secure, place);
    if (this.#cells >= INSTRUMENTATION_LIMITS.cells) this.#histogram.record(seconds, attributes);
    else this.#bind(place, number, attributes).record(seconds);
  }

  #bind(place: string, number: number, attributes: Attributes): BoundRecorder {
    let cells = this.#places.get(place);
    if (cells === undefined) this.#places.set(place, (cells = new Map()));
    const cell = bindRecorder(this.#histogram, attributes);
    cells.set(number, cell);
    this.#cells += 1;
    return cell;
  }

  #attributes(method: number, status: number, version: number, secure: boolean, place: string): Attributes {
    const { errorStatus, placed } = this.#options;
    return {
      'http.request.method': METHODS[method]!,
      'url.scheme': secure ? 'https' : 'http',
      ...(place === '' ? {} : placed(place)),
      ...(status === 0 ? {} : { 'http.response.status_code': status }),
      ...(version === 0 ? {} : { 'network.protocol.version': VERSIONS[version]! }),
      ...(status >= errorStatus ? { 'error.type': String(status) } : {}),
    };
  }
}

/** Bound where the meter can bind (ours); elsewhere each measurement names its attributes. */
export function bindRecorder(histogram: Histogram, attributes: Attributes): BoundRecorder {
  const own = histogram as Histogram & Partial<AgentRecorder>;
  if (typeof own.bind === 'function') return own.bind(attributes);
  return { record: (value) => histogram.record(value, attributes) };
}
