/** A broken invariant: ours to fix, never the sender's. Control plane only; stays on in production. */
export class InvariantError extends Error {
  override readonly name = 'InvariantError';
}

export function assert(condition: boolean, what: string): asserts condition {
  if (!condition) throw new InvariantError(`BUG: ${what}`);
}
