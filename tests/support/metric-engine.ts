import { encodeResource } from '../../agent/instrument/encode/attributes.ts';
import { CellReader } from '../../agent/instrument/encode/reader.ts';
import type { FaultKind, MeterProviderOptions, Temporality } from '../../agent/instrument/metrics/contract.ts';
import { AgentMeterProvider } from '../../agent/instrument/metrics/provider.ts';
import { pointsOf, type DecodedPoint } from './metric-points.ts';

export type EngineOptions = Partial<Omit<MeterProviderOptions, 'sink'>> & { readonly temporality?: Temporality };

/** The agent's own engine in one thread: measure, collect, decode. */
export class OwnEngine {
  readonly faults: { readonly kind: FaultKind; readonly detail: string }[] = [];
  readonly reader: CellReader;
  readonly provider: AgentMeterProvider;
  #nowMs = 1_700_000_000_000;

  constructor({ temporality = 'cumulative', ...options }: EngineOptions = {}) {
    this.reader = new CellReader({ resource: encodeResource({ 'service.name': 'test' }), temporality });
    this.provider = new AgentMeterProvider({
      sink: this.reader,
      onFault: (kind, detail) => this.faults.push({ kind, detail }),
      now: () => this.#nowMs,
      ...options,
    });
  }

  get nowNs(): bigint {
    return BigInt(this.#nowMs) * 1_000_000n;
  }

  pass(ms: number): void {
    this.#nowMs += ms;
  }

  /** What one collection gives; it arrives, unless `fails`. */
  collect(fails = false, maxBytes = 2 ** 22): readonly DecodedPoint[] {
    this.pass(1000);
    const { requests, commit } = this.reader.collect(this.nowNs, maxBytes);
    if (!fails) commit();
    return pointsOf(requests.map(({ body }) => body));
  }
}
