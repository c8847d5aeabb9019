import { INSTRUMENTATION_LIMITS } from './limits.ts';
import { defaultPort } from './own-traffic.ts';

/** Where a request goes. */
export interface Origin {
  /** `server.address`: no brackets. */
  readonly address: string;
  /** `server.port`. */
  readonly port: number | undefined;
}

/** Parts of origins, each parsed once: a parse costs more than the rest of a measurement. */
export class Origins {
  readonly #known = new Map<string, Origin>();

  /** Of `https://example.com:8443`; undefined for what is no URL. */
  of(origin: string): Origin | undefined {
    const known = this.#known.get(origin);
    if (known !== undefined) return known;
    if (!URL.canParse(origin)) return undefined;
    const { hostname, port, protocol } = new URL(origin);
    const parsed: Origin = {
      address: hostname.replace(/^\[(.*)\]$/, '$1').slice(0, INSTRUMENTATION_LIMITS.textChars),
      port: port === '' ? defaultPort(protocol) : Number(port),
    };
    if (this.#known.size < INSTRUMENTATION_LIMITS.origins) this.#known.set(origin, parsed);
    return parsed;
  }
}
