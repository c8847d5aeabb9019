/** Promise of this realm, whatever the application puts in its place later. */
const NativePromise = Promise;

const { then } = Promise.prototype;

/** The promise that follows that of an async function, as `await` would make it: what the application has put in the place of
 *  `then` since is not asked. Throws where it has changed what promises are made by. */
export function whenSettled(
  promise: Promise<unknown>,
  onValue: (value: unknown) => unknown,
  onError: (error: unknown) => never,
): Promise<unknown> {
  return then.call(promise, onValue, onError);
}

/** A promise that may be listened to: its `then` is the engine's. That of a query builder or of a lazy promise would start
 *  its work, or start it twice. */
export function isPlainPromise(value: object): value is Promise<unknown> {
  return value instanceof NativePromise && value.then === NativePromise.prototype.then && value.constructor === NativePromise;
}

/** Its work is still to come, and when it ends only whoever asks it knows: another thenable, or an iterator. */
export function isUnfinished(value: object): boolean {
  const { then, next } = value as { readonly then?: unknown; readonly next?: unknown };
  return typeof then === 'function' || typeof next === 'function';
}
