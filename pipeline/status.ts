import type { Kind } from './component.ts';

/** As the Go collector's component status: `recoverable` = trying again by itself, `failed` = needs a person. */
export type ComponentState = 'starting' | 'ok' | 'recoverable' | 'failed' | 'stopped';

/** How one running component is. What `/` on the health port lists. */
export interface ComponentStatus {
  readonly id: string;
  readonly kind: Kind;
  readonly state: ComponentState;
  /** Why it is not `ok`. */
  readonly message?: string;
  /** Only exporters: what waits or is being sent, and the bounds. */
  readonly queue?: {
    readonly items: number;
    readonly bytes: number;
    readonly itemsMax: number;
    readonly bytesMax: number;
  };
}
