/** What `work` resolves to; `late` where that takes longer, or it rejects. `keepsAlive`: the process waits for it, too. */
export function within<Value, Late>(
  work: Promise<Value>,
  timeoutMs: number,
  late: Late,
  keepsAlive: boolean,
): Promise<Value | Late> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(late), timeoutMs);
    if (!keepsAlive) timer.unref();
    const settled = (value: Value | Late): void => {
      clearTimeout(timer);
      resolve(value);
    };
    work.then(settled, () => settled(late));
  });
}
