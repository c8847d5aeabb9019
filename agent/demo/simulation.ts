import { Conditions } from './conditions.ts';
import { Fleet } from './fleet.ts';
import type { Deployment, Incident } from './incidents.ts';
import type { Instance } from './instance.ts';
import { Outbox, type DemoRequest } from './outbox.ts';
import { START_ROWS } from './perf-rows.ts';
import { Random } from './random.ts';
import { logOf, nanosOf } from './records.ts';
import { VISITS_PER_S } from './shop.ts';
import { Visits } from './visits.ts';
import { Warehouse } from './warehouse.ts';

/** Nobody was in the shop while its computer slept: more than this is not made up for. */
const CATCH_UP_MS = 2000;
const METRICS_EVERY_MS = 1000;
/** Between two processes that a deployment replaces. */
const ROLLING_MS = 4000;

export interface Step {
  readonly requests: readonly DemoRequest[];
  /** For a person: what begins and ends. */
  readonly news: readonly string[];
}

/** A small shop, second by second. The same seed, start and times of `step` give the same bytes. */
export class Simulation {
  readonly #startMs: number;
  readonly #random: Random;
  readonly #outbox = new Outbox();
  readonly #conditions: Conditions;
  readonly #fleet: Fleet;
  readonly #warehouse: Warehouse;
  readonly #visits: Visits;
  #nowMs: number;
  #measuredMs: number;
  #rolling: { instance: Instance; atMs: number }[] = [];
  #leaking: Instance | undefined;

  constructor(seed: string, startMs: number) {
    const random = new Random(seed);
    this.#startMs = startMs;
    this.#nowMs = startMs;
    this.#measuredMs = -Infinity;
    this.#random = random.fork('shop');
    this.#conditions = new Conditions(random);
    this.#fleet = new Fleet(startMs, random.fork('fleet'));
    this.#warehouse = new Warehouse(this.#outbox, this.#fleet, this.#conditions, random.fork('warehouse'));
    this.#visits = new Visits(this.#outbox, this.#fleet, this.#conditions, this.#warehouse, random.fork('visits'));
    for (const instance of this.#fleet.instances) this.#greet(instance, startMs);
  }

  /** What happens up to `nowMs`, and what there is to send of it. Nothing of it is older than two seconds. */
  step(nowMs: number): Step {
    const fromMs = Math.max(this.#nowMs, nowMs - CATCH_UP_MS);
    this.#nowMs = Math.max(this.#nowMs, nowMs);
    const { begins, ends, deploys } = this.#conditions.goOn((this.#nowMs - this.#startMs) / 1000);
    const news = [
      ...begins.map((incident) => this.#begin(incident)),
      ...ends.map((incident) => this.#end(incident)),
      ...deploys.map((deployment) => this.#deploy(deployment)),
    ];
    this.#roll();
    this.#leak((this.#nowMs - fromMs) / 1000);
    this.#open(fromMs);
    this.#warehouse.ship(fromMs, this.#nowMs);
    this.#outbox.happen(this.#nowMs);
    this.#measure();
    return { requests: this.#outbox.take(), news };
  }

  /** Lets visitors in. */
  #open(fromMs: number): void {
    const ms = this.#nowMs - fromMs;
    const count = this.#random.poisson((VISITS_PER_S * this.#conditions.demand * ms) / 1000);
    const times = Array.from({ length: count }, () => this.#random.between(fromMs, this.#nowMs));
    for (const atMs of times.toSorted((left, right) => left - right)) this.#visits.visit(atMs);
  }

  #measure(): void {
    const nowMs = this.#nowMs;
    if (nowMs - this.#measuredMs < METRICS_EVERY_MS) return;
    const seconds = Number.isFinite(this.#measuredMs) ? (nowMs - this.#measuredMs) / 1000 : 0;
    this.#measuredMs = nowMs;
    this.#warehouse.measure();
    const timeUnixNano = nanosOf(nowMs);
    for (const instance of this.#fleet.instances) {
      instance.measure(nowMs, seconds, this.#random);
      const startTimeUnixNano = nanosOf(instance.startedMs);
      this.#outbox.metrics(instance, instance.instruments.collect({ startTimeUnixNano, timeUnixNano }));
    }
  }

  #begin(incident: Incident): string {
    if (incident.kind === 'memory_leak') this.#leaking = this.#fleet.any(incident.service, this.#random);
    return `incident: ${incident.text}, for ${Math.round(incident.endS - incident.startS)} s`;
  }

  #end(incident: Incident): string {
    if (incident.kind === 'memory_leak') {
      // Whoever is on call restarts it.
      if (this.#leaking !== undefined) this.#replace(this.#leaking);
      this.#leaking = undefined;
    }
    return `over: ${incident.text}`;
  }

  #deploy({ service, slowdown }: Deployment): string {
    const version = this.#fleet.deploy(service, slowdown);
    const instances = this.#fleet.of(service);
    this.#rolling.push(...instances.map((instance, i) => ({ instance, atMs: this.#nowMs + i * ROLLING_MS })));
    return `deployment: ${service} ${version}`;
  }

  /** Replaces what a deployment has come to. */
  #roll(): void {
    const due = this.#rolling.filter(({ atMs }) => atMs <= this.#nowMs);
    this.#rolling = this.#rolling.filter(({ atMs }) => atMs > this.#nowMs);
    for (const { instance } of due) if (this.#fleet.of(instance.service.name).includes(instance)) this.#replace(instance);
  }

  #leak(seconds: number): void {
    const instance = this.#leaking;
    if (instance === undefined) return;
    instance.leak(seconds);
    if (!instance.isOutOfMemory) return;
    const body = 'allocation failed: out of memory';
    const attributes = { 'process.memory.usage': Math.round(instance.memoryMegabytes * 1024 * 1024) };
    this.#outbox.log(instance, logOf({ atMs: this.#nowMs, severity: 'FATAL', body, attributes, eventName: 'process.crash' }));
    this.#leaking = this.#replace(instance);
  }

  #replace(instance: Instance): Instance {
    const next = this.#fleet.replace(instance, this.#nowMs);
    if (this.#leaking === instance) this.#leaking = next;
    this.#greet(next, this.#nowMs);
    return next;
  }

  /** What a process says when it has started. */
  #greet(instance: Instance, atMs: number): void {
    const { service, version } = instance;
    const attributes = { 'service.version': version };
    const body = `${service.name} ${version} is listening`;
    this.#outbox.log(instance, logOf({ atMs, severity: 'INFO', body, attributes, eventName: 'service.start' }));
    if (service.name !== 'storefront') return;
    for (const row of START_ROWS) this.#outbox.log(instance, logOf({ atMs, severity: 'INFO', ...row }));
  }
}
