import type { Kind } from './component.ts';

/** As the Go collector's component status: `recoverable` = trying again by itself, `failed` = needs a person. */
export type ComponentState = 'starting' | 'ok' | 'recoverable' | 'failed' | 'stopped';

/** How one running component is. What `/` on the health port lists. */
export interface ComponentStatus {
  readonly id: string;
  /** `service`: not one component but the whole, such as its configuration. */
  readonly kind: Kind | 'service';
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

/** From well to worst. */
const STATES: readonly ComponentState[] = ['ok', 'stopped', 'starting', 'recoverable', 'failed'];

/** One status per id, in order of first sight: the worst, as a component with one instance per pipeline is as well as
 *  its worst instance. */
export function worstOfEach(statuses: readonly ComponentStatus[]): ComponentStatus[] {
  const worst = new Map<string, ComponentStatus>();
  for (const status of statuses) {
    const known = worst.get(status.id);
    if (known === undefined || STATES.indexOf(status.state) > STATES.indexOf(known.state)) worst.set(status.id, status);
  }
  return [...worst.values()];
}
