import type { Conditions } from './conditions.ts';
import type { Fleet } from './fleet.ts';
import type { Instance } from './instance.ts';
import { METRICS } from './metrics.ts';
import type { Outbox } from './outbox.ts';
import type { Random } from './random.ts';
import { logOf, spanOf, type SpanPlace } from './records.ts';
import { PRODUCTS, SHIPMENTS_PER_S } from './shop.ts';

/** An order on its way from checkout to shipping. */
export interface Order {
  readonly order: string;
  readonly product: string;
  readonly atMs: number;
  /** Of the span that puts it into the queue, and of that one's parent. */
  readonly place: SpanPlace;
  readonly parent: SpanPlace;
  /** Who sends it. */
  readonly instance: Instance;
}

const QUEUE = { 'messaging.system': 'rabbitmq', 'messaging.destination.name': 'shipments' } as const;
const PUBLISH_MS = 1.2;
const STOCK_FIRST = 400;
const STOCK_LOW = 40;
const STOCK_DELIVERED = 360;
/** So many orders wait for shipping to complain. */
const LONG_QUEUE = 20;
const COMPLAINS_EVERY_MS = 5000;

/** The queue between checkout and shipping, and what shipping makes of it. */
export class Warehouse {
  readonly #outbox: Outbox;
  readonly #fleet: Fleet;
  readonly #conditions: Conditions;
  readonly #random: Random;
  readonly #queue: Order[] = [];
  readonly #stock = new Map<string, number>(PRODUCTS.map((product) => [product, STOCK_FIRST]));
  /** What could be shipped and was not, as a share of one shipment. */
  #capacity = 0;
  #complainedMs = 0;

  constructor(outbox: Outbox, fleet: Fleet, conditions: Conditions, random: Random) {
    this.#outbox = outbox;
    this.#fleet = fleet;
    this.#conditions = conditions;
    this.#random = random;
  }

  order(order: Order): void {
    const { instance, place, parent, atMs } = order;
    const endMs = atMs + PUBLISH_MS;
    const attributes = { ...QUEUE, 'messaging.operation.type': 'send', 'messaging.message.id': order.order };
    this.#outbox.at(endMs, () => {
      this.#queue.push(order);
      const name = 'send shipments';
      this.#outbox.span(instance, spanOf({ place, parent, name, kind: 'producer', startMs: atMs, endMs, attributes }));
    });
  }

  /** Ships what waits, as much as there is time for between the two. */
  ship(fromMs: number, nowMs: number): void {
    const seconds = (nowMs - fromMs) / 1000;
    const instances = this.#fleet.of('shipping');
    this.#capacity = Math.min(
      this.#capacity + seconds * SHIPMENTS_PER_S * instances.length * this.#conditions.shipping,
      SHIPMENTS_PER_S,
    );
    while (this.#capacity >= 1 && this.#queue.length > 0) {
      this.#capacity -= 1;
      this.#take(this.#queue.shift()!, nowMs);
    }
    this.#complain(nowMs);
  }

  measure(): void {
    const [instance] = this.#fleet.of('shipping');
    if (instance === undefined) return;
    instance.instruments.record(METRICS.queueDepth, this.#queue.length, { 'messaging.destination.name': 'shipments' });
    for (const [product, count] of this.#stock) instance.instruments.record(METRICS.stock, count, { 'shop.product': product });
  }

  #take({ order, product, place: link, atMs }: Order, startMs: number): void {
    const random = this.#random;
    const instance = this.#fleet.any('shipping', random);
    const labelMs = random.logNormal(40, 0.3) * instance.slowdown;
    const endMs = startMs + labelMs;
    const place = { traceId: link.traceId, spanId: random.bytes(8) };
    const attributes = { ...QUEUE, 'messaging.operation.type': 'process', 'messaging.message.id': order };
    this.#outbox.at(endMs, () => {
      instance.served();
      instance.instruments.record(METRICS.consumed, 1, QUEUE);
      instance.instruments.record(METRICS.labelDuration, labelMs / 1000);
      const span = {
        place,
        parent: link,
        name: 'process shipments',
        kind: 'consumer',
        startMs,
        endMs,
        attributes,
        link,
      } as const;
      this.#outbox.span(instance, spanOf(span));
      const waitedMs = Math.round(startMs - atMs);
      const body = `${order} shipped after ${waitedMs} ms`;
      const told = { 'shop.order.id': order, 'shop.product': product, 'shop.waited_ms': waitedMs };
      this.#outbox.log(instance, logOf({ atMs: endMs, severity: 'INFO', body, attributes: told, place }));
      this.#remove(product, instance, endMs);
    });
  }

  #remove(product: string, instance: Instance, atMs: number): void {
    const left = (this.#stock.get(product) ?? 0) - 1;
    const isLow = left < STOCK_LOW;
    this.#stock.set(product, isLow ? left + STOCK_DELIVERED : left);
    if (!isLow) return;
    const attributes = { 'shop.product': product, 'shop.stock': left };
    this.#outbox.log(instance, logOf({ atMs, severity: 'WARN', body: `${product}: ${left} left, more is ordered`, attributes }));
  }

  #complain(nowMs: number): void {
    const [instance] = this.#fleet.of('shipping');
    if (instance === undefined || this.#queue.length < LONG_QUEUE || nowMs - this.#complainedMs < COMPLAINS_EVERY_MS) return;
    this.#complainedMs = nowMs;
    const body = `${this.#queue.length} orders wait in shipments`;
    this.#outbox.log(instance, logOf({ atMs: nowMs, severity: 'WARN', body, attributes: QUEUE }));
  }
}
