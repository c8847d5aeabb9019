import { deployments, incidents, type Deployment, type Incident } from './incidents.ts';
import type { Random } from './random.ts';
import { demandAt } from './season.ts';
import type { DependencyName, ServiceName } from './shop.ts';

const SLOW = 9;
const FAILING_SHARE = 0.4;
/** There is always something. */
const FAULTY_SHARE = 0.001;
const SPIKE = 2.6;
const BACKLOG_SHARE = 0.08;

/** How the shop is at a time: what goes wrong just now, what is new. */
export class Conditions {
  readonly #incidents: Iterator<Incident, never>;
  readonly #deployments: Iterator<Deployment, never>;
  #incident: Incident;
  #deployment: Deployment;
  #seconds = 0;

  constructor(random: Random) {
    this.#incidents = incidents(random.fork('incidents'));
    this.#deployments = deployments(random.fork('deployments'));
    this.#incident = this.#incidents.next().value;
    this.#deployment = this.#deployments.next().value;
  }

  /** Time goes on to `seconds` after the start. Returns what begins and ends. */
  goOn(seconds: number): { begins: Incident[]; ends: Incident[]; deploys: Deployment[] } {
    const before = this.#seconds;
    this.#seconds = seconds;
    const [begins, ends]: [Incident[], Incident[]] = [[], []];
    for (;;) {
      const incident = this.#incident;
      if (incident.startS > before && incident.startS <= seconds) begins.push(incident);
      if (incident.endS > seconds) break;
      ends.push(incident);
      this.#incident = this.#incidents.next().value;
    }
    const deploys: Deployment[] = [];
    for (; this.#deployment.startS <= seconds; this.#deployment = this.#deployments.next().value) deploys.push(this.#deployment);
    return { begins, ends, deploys };
  }

  /** What goes wrong now. */
  get incident(): Incident | undefined {
    return this.#incident.startS <= this.#seconds ? this.#incident : undefined;
  }

  /** 1 on an average day. */
  get demand(): number {
    return demandAt(this.#seconds) * (this.incident?.kind === 'traffic_spike' ? SPIKE : 1);
  }

  /** How much longer it takes than usual: of a service itself, or of what it asks. */
  slowdown(service: ServiceName, dependency?: DependencyName): number {
    return this.#concerns('latency', service, dependency) ? SLOW : 1;
  }

  /** How much of it fails. */
  failures(service: ServiceName, dependency?: DependencyName): number {
    return this.#concerns('errors', service, dependency) ? FAILING_SHARE : FAULTY_SHARE;
  }

  /** How much of what it can ship the warehouse ships. */
  get shipping(): number {
    return this.incident?.kind === 'queue_backlog' ? BACKLOG_SHARE : 1;
  }

  #concerns(kind: Incident['kind'], service: ServiceName, dependency: DependencyName | undefined): boolean {
    const { incident } = this;
    return incident?.kind === kind && incident.service === service && incident.dependency === dependency;
  }
}
