import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startInstrumentations } from '../../agent/instrument/instrumentations/index.ts';
import type { Instrumentations, InstrumentationSettings } from '../../agent/instrument/instrumentations/index.ts';
import { OwnEngine } from './metric-engine.ts';
import type { DecodedPoint } from './metric-points.ts';

/** Instrumentations of this process, measuring into an engine of the agent. */
export class MeasuredApp {
  readonly engine = new OwnEngine();
  readonly faults: unknown[] = [];
  readonly instrumentations: Instrumentations;
  readonly #servers: Server[] = [];

  constructor(enabled?: readonly string[], settings: InstrumentationSettings = {}) {
    this.instrumentations = startInstrumentations(this.engine.provider.getMeter('test'), {
      instrumentations: { enabled },
      onFault: (name, error) => this.faults.push({ name, error }),
      ...settings,
    });
  }

  /** Its address, `http://127.0.0.1:port`. */
  async listen(server: Server): Promise<string> {
    this.#servers.push(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  async collect(): Promise<readonly DecodedPoint[]> {
    await this.engine.provider.observe(1000);
    return this.engine.collect();
  }

  /** The points of a metric, when there are measurements of as many requests as `count`. */
  async durations(name: 'http.server.request.duration' | 'http.client.request.duration', count: number): Promise<Durations[]> {
    for (;;) {
      const points = (await this.collect()).filter(({ metric }) => metric === name);
      const durations = points.map(({ attributes, unit, tree }) => ({
        attributes,
        unit,
        count: Number(tree['count']),
        seconds: Number(tree['sum']),
        bounds: tree['explicitBounds'] as readonly number[],
      }));
      if (durations.reduce((sum, each) => sum + each.count, 0) >= count) return durations;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  async close(): Promise<void> {
    this.instrumentations.stop();
    await Promise.all(
      this.#servers.map((server) => {
        server.closeAllConnections();
        return new Promise((resolve) => server.close(resolve));
      }),
    );
  }
}

export interface Durations {
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly unit: string;
  readonly count: number;
  readonly seconds: number;
  readonly bounds: readonly number[];
}
