/**
 * SIGHUP asks for a reload. Its default action ends the process, and whoever starts the collector may send it before the
 * first configuration runs: what comes early waits, and what comes late finds nobody, but ends nothing.
 */
let isAwaited = false;
let wasAsked = false;
let reload: (() => void) | undefined;

/** To be called as early as can be. Safe twice. */
export function awaitHangups(): void {
  if (isAwaited) return;
  isAwaited = true;
  process.on('SIGHUP', () => {
    if (reload === undefined) wasAsked = true;
    else reload();
  });
}

/** Who came before is answered at once. Returns the end of it. */
export function onHangup(answer: () => void): () => void {
  awaitHangups();
  reload = answer;
  if (wasAsked) answer();
  wasAsked = false;
  return () => {
    reload = undefined;
  };
}
