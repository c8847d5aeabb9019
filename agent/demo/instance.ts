import { keyValues, type PlainMessage } from '../../pipeline/otlp/encode.ts';
import { Instruments } from './instruments.ts';
import { METRICS } from './metrics.ts';
import type { Random } from './random.ts';
import type { Service } from './shop.ts';

const MEGABYTE = 1024 * 1024;
/** CPU of a service that does nothing, and of one request, in seconds. */
const IDLE_CPU = 0.02;
const REQUEST_CPU_S = 0.004;
/** Garbage that a request leaves, and how much of it piles up before it is collected. */
const REQUEST_GARBAGE_MEGABYTES = 0.4;
const GARBAGE_MEGABYTES = 24;
const LEAK_MEGABYTES_PER_S = 6;

/** One process of a service, from its start to its end. */
export class Instance {
  readonly service: Service;
  readonly version: string;
  readonly startedMs: number;
  readonly instruments = new Instruments();
  /** A Resource, as OTLP. */
  readonly resource: PlainMessage;
  readonly id: string;
  /** How much longer everything takes than it should. */
  readonly slowdown: number;
  #leakedMegabytes = 0;
  #garbageMegabytes = 0;
  #requests = 0;

  constructor(service: Service, minor: number, slowdown: number, startedMs: number, random: Random) {
    this.service = service;
    this.version = `${service.version[0]}.${minor}.0`;
    this.slowdown = slowdown;
    this.startedMs = startedMs;
    this.id = `${service.name}-${Buffer.from(random.bytes(3)).toString('hex')}`;
    this.resource = {
      attributes: keyValues({
        'service.name': service.name,
        'service.namespace': 'shop',
        'service.version': this.version,
        'service.instance.id': this.id,
        'deployment.environment.name': 'demo',
        'host.name': `node-${1 + random.below(3)}`,
        'telemetry.sdk.language': service.language,
      }),
    };
  }

  get memoryMegabytes(): number {
    return this.service.memoryMegabytes + this.#garbageMegabytes + this.#leakedMegabytes;
  }

  get isOutOfMemory(): boolean {
    return this.memoryMegabytes >= this.service.memoryLimitMegabytes;
  }

  /** A full heap is slow: most of the time goes into collecting what cannot be freed. */
  get pressure(): number {
    const fill = this.memoryMegabytes / this.service.memoryLimitMegabytes;
    return fill < 0.7 ? 1 : 1 + 12 * (fill - 0.7);
  }

  served(): void {
    this.#requests += 1;
    this.#garbageMegabytes = (this.#garbageMegabytes + REQUEST_GARBAGE_MEGABYTES) % GARBAGE_MEGABYTES;
  }

  leak(seconds: number): void {
    this.#leakedMegabytes += LEAK_MEGABYTES_PER_S * seconds;
  }

  /** What a process tells of itself, over the last `seconds`. */
  measure(nowMs: number, seconds: number, random: Random): void {
    const busy = IDLE_CPU + (seconds === 0 ? 0 : (this.#requests * REQUEST_CPU_S * this.slowdown * this.pressure) / seconds);
    const cpu = Math.min(1, busy * random.between(0.9, 1.1));
    this.#requests = 0;
    this.instruments.record(METRICS.memory, Math.round(this.memoryMegabytes * MEGABYTE));
    this.instruments.record(METRICS.cpu, cpu);
    this.instruments.record(METRICS.cpuTime, cpu * seconds);
    this.instruments.record(METRICS.uptime, (nowMs - this.startedMs) / 1000);
  }
}
