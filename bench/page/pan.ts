import type { Page } from 'playwright-core';

/** What a page drew while a chart was dragged. */
export interface Panned {
  readonly frames: number;
  readonly seconds: number;
  /** Of the middle frame, and of the slowest of twenty. */
  readonly medianMs: number;
  readonly p95Ms: number;
}

const WAVES = 3;
const STEPS = 40;

/**
 * Takes the chart by the middle and drags it to and fro, to end `byPx` to the right of where it was. Frames are what
 * requestAnimationFrame tells of in the page: one that takes long comes late.
 */
export async function panChart(page: Page, byPx: number): Promise<Panned> {
  const box = await page.locator('.chart .u-over').boundingBox();
  if (box === null) throw new Error('cannot drag the chart: it is not on the screen');
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  await page.mouse.move(x, y);
  await page.mouse.down();
  await page.evaluate(`(() => {
    const turn = (at) => { window.frameTimes?.push(at); if (window.frameTimes) requestAnimationFrame(turn); };
    window.frameTimes = [];
    requestAnimationFrame(turn);
  })()`);
  for (let step = 1; step <= STEPS * WAVES; step += 1)
    await page.mouse.move(x + (byPx * step) / (STEPS * WAVES) + (box.width / 4) * Math.sin((step / STEPS) * 2 * Math.PI), y);
  const times = await page.evaluate<number[]>(
    '(() => { const seen = window.frameTimes; window.frameTimes = undefined; return seen; })()',
  );
  await page.mouse.up();
  const deltas = times
    .slice(1)
    .map((at, place) => at - (times[place] ?? 0))
    .toSorted((left, right) => left - right);
  const seconds = ((times.at(-1) ?? 0) - (times[0] ?? 0)) / 1000;
  const share = (part: number): number => deltas[Math.min(deltas.length - 1, Math.floor(deltas.length * part))] ?? Number.NaN;
  return { frames: deltas.length, seconds, medianMs: share(0.5), p95Ms: share(0.95) };
}
