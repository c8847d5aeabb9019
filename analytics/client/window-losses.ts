import type { ScopeUsage } from '../../pipeline/analytics.ts';
import type { WindowUsage } from '../wire/messages.ts';

/** What the windows hold as far as is known here, and what went with a process that died. */
export class WindowLosses {
  readonly #held = new Map<string, WindowUsage>();
  readonly #lost = new Map<string, number>();

  hold(usage: WindowUsage): void {
    this.#held.set(usage.scope, usage);
  }

  /** All there are. */
  holds(usages: readonly WindowUsage[]): void {
    this.#held.clear();
    for (const usage of usages) this.hold(usage);
  }

  /** Of one scope, whose windows begin anew. */
  loseOf(scope: string, rows: number): void {
    this.#held.delete(scope);
    this.#lost.set(scope, (this.#lost.get(scope) ?? 0) + rows);
  }

  /** All of them. */
  lose(): { readonly rows: number; readonly scopes: number } {
    let rows = 0;
    const scopes = this.#held.size;
    for (const usage of this.#held.values()) {
      rows += usage.rows;
      this.loseOf(usage.scope, usage.rows);
    }
    this.forget();
    return { rows, scopes };
  }

  /** Nobody wants the windows any more. */
  forget(): void {
    this.#held.clear();
  }

  scopes(): readonly ScopeUsage[] {
    return [...new Set([...this.#held.keys(), ...this.#lost.keys()])].map((scope) => ({
      scope,
      rows: this.#held.get(scope)?.rows ?? 0,
      bytes: this.#held.get(scope)?.bytes ?? 0,
      rowsLost: this.#lost.get(scope) ?? 0,
    }));
  }
}
