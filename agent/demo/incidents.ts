import type { Random } from './random.ts';
import { SERVICES, type DependencyName, type ServiceName } from './shop.ts';

/** What goes wrong in the shop, and when. All of it is drawn at the start: the same seed tells the same story. */
export type IncidentKind = 'latency' | 'errors' | 'memory_leak' | 'queue_backlog' | 'traffic_spike';

export interface Incident {
  readonly kind: IncidentKind;
  readonly service: ServiceName;
  /** What of the service is slow or faulty; absent = itself. */
  readonly dependency?: DependencyName;
  readonly startS: number;
  readonly endS: number;
  /** For a person, without the time. */
  readonly text: string;
}

type Cast = Pick<Incident, 'kind' | 'service' | 'dependency' | 'text'>;

const CASTS: Readonly<Record<IncidentKind, readonly [Cast, ...Cast[]]>> = {
  latency: [
    { kind: 'latency', service: 'payment', dependency: 'cardGateway', text: 'the card gateway of payment answers slowly' },
    { kind: 'latency', service: 'catalog', dependency: 'products', text: 'the database of catalog is slow' },
    { kind: 'latency', service: 'checkout', text: 'checkout computes for too long' },
  ],
  errors: [
    { kind: 'errors', service: 'payment', dependency: 'cardGateway', text: 'the card gateway of payment fails' },
    { kind: 'errors', service: 'catalog', dependency: 'searchIndex', text: 'searches of catalog fail' },
    { kind: 'errors', service: 'cart', dependency: 'writeCart', text: 'cart cannot write' },
  ],
  memory_leak: [
    { kind: 'memory_leak', service: 'cart', text: 'cart leaks memory' },
    { kind: 'memory_leak', service: 'storefront', text: 'storefront leaks memory' },
  ],
  queue_backlog: [{ kind: 'queue_backlog', service: 'shipping', text: 'shipping is slow, its queue grows' }],
  traffic_spike: [{ kind: 'traffic_spike', service: 'storefront', text: 'many more visitors than usual' }],
};

const KINDS = Object.keys(CASTS) as IncidentKind[];
const FIRST_S = [40, 60] as const;
const LASTS_S = [45, 80] as const;
const PAUSE_S = [70, 130] as const;

/** One after the other, without end; no kind comes again before all others were. */
export function* incidents(random: Random): Generator<Incident, never> {
  let startS = random.between(...FIRST_S);
  let last: IncidentKind | undefined;
  for (;;) {
    const bag = random.shuffled(KINDS);
    if (bag[0] === last) bag.reverse();
    for (const kind of bag) {
      const endS = startS + random.between(...LASTS_S);
      yield { ...random.pick(CASTS[kind]), startS, endS };
      last = kind;
      startS = endS + random.between(...PAUSE_S);
    }
  }
}

export interface Deployment {
  readonly service: ServiceName;
  readonly startS: number;
  /** How much slower the service is from then on; 1 = as before. */
  readonly slowdown: number;
}

const FIRST_DEPLOYMENT_S = 25;
const DEPLOYMENT_PAUSE_S = [100, 220] as const;

/** New versions. One in four is slower, and the next deployment puts that right. */
export function* deployments(random: Random): Generator<Deployment, never> {
  let startS = FIRST_DEPLOYMENT_S + random.between(0, 20);
  let bad: ServiceName | undefined;
  for (;;) {
    const service: ServiceName = bad ?? random.pick(SERVICES).name;
    const slowdown = bad === undefined && random.chance(0.25) ? random.between(1.5, 2.2) : 1;
    yield { service, startS, slowdown };
    bad = slowdown > 1 ? service : undefined;
    startS += random.between(...DEPLOYMENT_PAUSE_S);
  }
}
