import type { Clock } from '../../pipeline/clock.ts';
import type { GrpcAnswer, GrpcWatch } from '../../pipeline/host-grpc.ts';
import { LIMITS } from '../../pipeline/limits.ts';
import { FieldCursor } from '../../pipeline/otlp/field-cursor.kernel.ts';

/** grpc.health.v1.Health (grpc/grpc doc/health-checking.md). */
export const HEALTH_CHECK = '/grpc.health.v1.Health/Check';
export const HEALTH_WATCH = '/grpc.health.v1.Health/Watch';

/** How a service is; undefined when it does not exist. The empty name is the collector as a whole. */
export type Serves = (service: string) => boolean | undefined;

/** HealthCheckResponse{status}. */
const SERVING = Uint8Array.of(8, 1);
const NOT_SERVING = Uint8Array.of(8, 2);
const SERVICE_UNKNOWN = Uint8Array.of(8, 3);
const NOT_FOUND = 5;
const WIRE_BYTES = 2;
const MALFORMED: GrpcAnswer = { status: 3, words: 'cannot read the health request: it is no protobuf' };

export function checkHealth(request: Uint8Array, serves: Serves): GrpcAnswer {
  const service = serviceOf(request);
  if (service === undefined) return MALFORMED;
  const serving = serves(service);
  if (serving === undefined) return { status: NOT_FOUND, words: 'cannot tell the health of that service: it is not known here' };
  return { status: 0, message: serving ? SERVING : NOT_SERVING };
}

interface Watcher {
  readonly service: string;
  readonly tell: (message: Uint8Array) => void;
  told: Uint8Array;
}

/** Tells each watcher how its service is, at once and whenever that has changed: one look a second for all of them. */
export class HealthWatches {
  readonly #serves: Serves;
  readonly #clock: Clock;
  readonly #watchers = new Set<Watcher>();
  #cancel: (() => void) | undefined;

  constructor(serves: Serves, clock: Clock) {
    this.#serves = serves;
    this.#clock = clock;
  }

  watch(request: Uint8Array): GrpcAnswer | GrpcWatch {
    const service = serviceOf(request);
    return service === undefined ? MALFORMED : { begin: (tell) => this.#begin(service, tell) };
  }

  #begin(service: string, tell: Watcher['tell']): () => void {
    const watcher = { service, tell, told: this.#stateOf(service) };
    this.#watchers.add(watcher);
    tell(watcher.told);
    this.#cancel ??= this.#clock.after(LIMITS.healthLookMs, () => this.#look());
    return () => {
      this.#watchers.delete(watcher);
      if (this.#watchers.size > 0) return;
      this.#cancel?.();
      this.#cancel = undefined;
    };
  }

  #look(): void {
    this.#cancel = this.#clock.after(LIMITS.healthLookMs, () => this.#look());
    const states = new Map<string, Uint8Array>();
    for (const watcher of this.#watchers) {
      const state = states.get(watcher.service) ?? this.#stateOf(watcher.service);
      states.set(watcher.service, state);
      if (state === watcher.told) continue;
      watcher.told = state;
      watcher.tell(state);
    }
  }

  #stateOf(service: string): Uint8Array {
    const serving = this.#serves(service);
    if (serving === undefined) return SERVICE_UNKNOWN;
    return serving ? SERVING : NOT_SERVING;
  }
}

/** HealthCheckRequest{service}; undefined when it is no protobuf. */
function serviceOf(request: Uint8Array): string | undefined {
  const cursor = new FieldCursor(request, 0, request.length);
  let service = '';
  while (cursor.next()) {
    if (cursor.number !== 1 || cursor.wireType !== WIRE_BYTES) continue;
    service = Buffer.from(request.subarray(cursor.valueStart, cursor.position)).toString('utf8');
  }
  return cursor.fault === '' ? service : undefined;
}
