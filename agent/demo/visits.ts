import type { Conditions } from './conditions.ts';
import type { Fleet } from './fleet.ts';
import type { Instance } from './instance.ts';
import { METRICS } from './metrics.ts';
import type { Outbox } from './outbox.ts';
import { imageLatencyAttributes } from './perf-rows.ts';
import type { Random } from './random.ts';
import { logOf, spanOf, type Failure, type SpanPlace } from './records.ts';
import {
  DEPENDENCIES,
  isOperation,
  operationOf,
  PRODUCTS,
  WISHES,
  type Dependency,
  type DependencyName,
  type OperationName,
} from './shop.ts';
import type { Warehouse } from './warehouse.ts';

const NETWORK_MS = [0.2, 0.8] as const;
/** Callers wait no longer. */
const TIMEOUT_MS = 5000;
const SLOW_MS = 1000;
const DECLINED_SHARE = 0.03;
const OK = 200;
const PAYMENT_REQUIRED = 402;
const FAILED = 500;

interface Result {
  readonly endMs: number;
  /** An HTTP status. */
  readonly status: number;
}

/** What a visitor buys. */
interface Purchase {
  readonly product: string;
  readonly amount: number;
}

/** Visits of the shop: each is one trace through its services, with the metrics and logs of everyone it passes. */
export class Visits {
  readonly #outbox: Outbox;
  readonly #fleet: Fleet;
  readonly #conditions: Conditions;
  readonly #warehouse: Warehouse;
  readonly #random: Random;

  constructor(outbox: Outbox, fleet: Fleet, conditions: Conditions, warehouse: Warehouse, random: Random) {
    this.#outbox = outbox;
    this.#fleet = fleet;
    this.#conditions = conditions;
    this.#warehouse = warehouse;
    this.#random = random;
  }

  visit(atMs: number): void {
    const random = this.#random;
    const purchase = { product: random.pick(PRODUCTS), amount: Math.round(random.logNormal(38, 0.6) * 100) / 100 };
    this.#serve(this.#wish(), atMs, undefined, purchase);
  }

  #wish(): OperationName {
    let left = this.#random.between(0, 100);
    for (const [name, share] of WISHES) if ((left -= share) < 0) return name;
    return 'home';
  }

  /** One request to one service, and all that this one asks. */
  #serve(name: OperationName, startMs: number, parent: SpanPlace | undefined, purchase: Purchase): Result {
    const random = this.#random;
    const { service, medianMs, asks } = operationOf(name);
    const instance = this.#fleet.any(service, random);
    const place = this.#place(parent);
    const slowdown = instance.slowdown * instance.pressure * this.#conditions.slowdown(service);
    const workMs = random.logNormal(medianMs, 0.3) * slowdown;
    let nowMs = startMs + workMs * 0.6;
    let status = random.chance(this.#conditions.failures(service)) ? FAILED : OK;
    for (const asked of asks) {
      if (status !== OK) break;
      const result = isOperation(asked)
        ? this.#call(instance, asked, nowMs, place, purchase)
        : this.#ask(instance, asked, nowMs, place);
      nowMs = result.endMs;
      status = result.status;
    }
    if (name === 'charge' && status === OK && random.chance(DECLINED_SHARE)) status = PAYMENT_REQUIRED;
    const endMs = nowMs + workMs * 0.4;
    this.#tell(instance, name, { startMs, endMs, status, place, parent });
    if (status === OK) this.#succeed(instance, name, endMs, place, purchase);
    return { endMs, status };
  }

  #tell(
    instance: Instance,
    name: OperationName,
    request: Result & { startMs: number; place: SpanPlace; parent: SpanPlace | undefined },
  ): void {
    const { method, route } = operationOf(name);
    const { startMs, endMs, status, place, parent } = request;
    const { instruments, service } = instance;
    const attributes = { 'http.request.method': method, 'http.route': route, 'http.response.status_code': status };
    const failure: Failure | undefined =
      status < FAILED ? undefined : { type: String(status), message: `${method} ${route} failed` };
    const active = { 'http.request.method': method };
    this.#outbox.at(startMs, () => instruments.record(METRICS.activeRequests, 1, active));
    this.#outbox.at(endMs, () => {
      instruments.record(METRICS.activeRequests, -1, active);
      instruments.record(METRICS.serverDuration, (endMs - startMs) / 1000, attributes);
      instance.served();
      const span = { place, parent, name: `${method} ${route}`, kind: 'server', startMs, endMs, attributes, failure } as const;
      this.#outbox.span(instance, spanOf(span));
      const isSlow = endMs - startMs > SLOW_MS;
      if (service.name !== 'storefront' && !isSlow) return;
      const body = `${method} ${route} ${status} ${(endMs - startMs).toFixed(1)} ms`;
      const severity = status >= FAILED ? 'ERROR' : isSlow ? 'WARN' : 'INFO';
      this.#outbox.log(instance, logOf({ atMs: endMs, severity, body, attributes, place }));
    });
  }

  /** What comes of a request that went well, beside its answer. */
  #succeed(instance: Instance, name: OperationName, endMs: number, place: SpanPlace, { product, amount }: Purchase): void {
    const { instruments } = instance;
    if (name === 'fillCart') this.#outbox.at(endMs, () => instruments.record(METRICS.cartItems, 1, { 'shop.product': product }));
    if (name === 'charge') this.#outbox.at(endMs, () => instruments.record(METRICS.chargeAmount, amount));
    if (name !== 'order') return;
    const order = `order-${Buffer.from(this.#random.bytes(4)).toString('hex')}`;
    const sent = { traceId: place.traceId, spanId: this.#random.bytes(8) };
    this.#outbox.at(endMs, () => {
      instruments.record(METRICS.orders, 1, { 'shop.product': product });
      instruments.record(METRICS.revenue, amount);
      const attributes = { 'shop.order.id': order, 'shop.product': product, 'shop.order.amount': amount };
      this.#outbox.log(instance, logOf({ atMs: endMs, severity: 'INFO', body: `order ${order} placed`, attributes, place }));
    });
    this.#warehouse.order({ order, product, atMs: endMs, place: sent, parent: place, instance });
  }

  /** Asks another service. */
  #call(from: Instance, name: OperationName, startMs: number, parent: SpanPlace, purchase: Purchase): Result {
    const random = this.#random;
    const place = this.#place(parent);
    const { method, service } = operationOf(name);
    const served = this.#serve(name, startMs + random.between(...NETWORK_MS), place, purchase);
    const endMs = served.endMs + random.between(...NETWORK_MS);
    const attributes = { 'http.request.method': method, 'server.address': `${service}.shop.internal` };
    const { status } = served;
    const failure = status < FAILED ? undefined : { type: String(status), message: `${service} answered ${status}` };
    this.#outbox.at(endMs, () => {
      from.instruments.record(METRICS.clientDuration, (endMs - startMs) / 1000, {
        ...attributes,
        'http.response.status_code': status,
      });
      const all = { ...attributes, 'http.response.status_code': status };
      this.#outbox.span(from, spanOf({ place, parent, name: method, kind: 'client', startMs, endMs, attributes: all, failure }));
    });
    return { endMs, status };
  }

  /** Asks something outside the shop. */
  #ask(from: Instance, name: DependencyName, startMs: number, parent: SpanPlace): Result {
    const random = this.#random;
    const { service } = from;
    const dependency: Dependency = DEPENDENCIES[name];
    const place = this.#place(parent);
    const wantedMs = random.logNormal(dependency.medianMs, 0.35) * this.#conditions.slowdown(service.name, name);
    const timedOut = wantedMs > TIMEOUT_MS;
    const failed = timedOut || random.chance(this.#conditions.failures(service.name, name));
    const endMs = startMs + Math.min(wantedMs, TIMEOUT_MS);
    const failure = failed ? failureOf(dependency, timedOut) : undefined;
    this.#outbox.at(endMs, () => {
      this.#measure(from, dependency, endMs - startMs);
      const { attributes } = dependency;
      this.#outbox.span(
        from,
        spanOf({ place, parent, name: dependency.name, kind: 'client', startMs, endMs, attributes, failure }),
      );
      if (failure === undefined) return;
      const exception = { 'exception.type': failure.type, 'exception.message': failure.message, ...attributes };
      const body = `cannot ask ${attributes['server.address']}: ${failure.message}`;
      this.#outbox.log(from, logOf({ atMs: endMs, severity: 'ERROR', body, attributes: exception, place }));
    });
    return { endMs, status: failed ? FAILED : OK };
  }

  #measure({ instruments }: Instance, { kind, attributes }: Dependency, tookMs: number): void {
    const some = (...keys: readonly string[]) => Object.fromEntries(keys.map((key) => [key, attributes[key]]));
    if (kind === 'storage') instruments.record(METRICS.imageLatency, tookMs, imageLatencyAttributes);
    else if (kind === 'http')
      instruments.record(METRICS.clientDuration, tookMs / 1000, some('http.request.method', 'server.address'));
    else instruments.record(METRICS.databaseDuration, tookMs / 1000, some('db.system.name', 'db.operation.name'));
  }

  #place(parent: SpanPlace | undefined): SpanPlace {
    return { traceId: parent?.traceId ?? this.#random.bytes(16), spanId: this.#random.bytes(8) };
  }
}

function failureOf({ kind }: Dependency, timedOut: boolean): Failure {
  if (timedOut) return { type: 'timeout', message: `no answer after ${TIMEOUT_MS} ms` };
  return kind === 'database'
    ? { type: 'ConnectionError', message: 'the connection was reset' }
    : { type: '503', message: 'service unavailable' };
}
