import { Instance } from './instance.ts';
import type { Random } from './random.ts';
import { SERVICES, type Service, type ServiceName } from './shop.ts';

interface Deployed {
  readonly service: Service;
  minor: number;
  slowdown: number;
  readonly instances: Instance[];
}

/** All processes of the shop. */
export class Fleet {
  readonly #random: Random;
  readonly #services = new Map<ServiceName, Deployed>();

  constructor(startMs: number, random: Random) {
    this.#random = random;
    for (const service of SERVICES) {
      const deployed: Deployed = { service, minor: service.version[1], slowdown: 1, instances: [] };
      for (let i = 0; i < service.replicas; i++) deployed.instances.push(this.#make(deployed, startMs));
      this.#services.set(service.name, deployed);
    }
  }

  get instances(): Instance[] {
    return [...this.#services.values()].flatMap(({ instances }) => instances);
  }

  of(service: ServiceName): readonly Instance[] {
    return this.#services.get(service)?.instances ?? [];
  }

  any(service: ServiceName, random: Random): Instance {
    const instances = this.of(service);
    return instances[random.below(instances.length)]!;
  }

  /** Another version: what `replace` starts from now on is of it. Returns its name. */
  deploy(service: ServiceName, slowdown: number): string {
    const deployed = this.#services.get(service)!;
    deployed.minor += 1;
    deployed.slowdown = slowdown;
    return `${deployed.service.version[0]}.${deployed.minor}.0`;
  }

  /** Ends one process and starts another in its place. */
  replace(instance: Instance, nowMs: number): Instance {
    const deployed = this.#services.get(instance.service.name)!;
    const next = this.#make(deployed, nowMs);
    deployed.instances.splice(deployed.instances.indexOf(instance), 1, next);
    return next;
  }

  #make({ service, minor, slowdown }: Deployed, startMs: number): Instance {
    return new Instance(service, minor, slowdown, startMs, this.#random);
  }
}
