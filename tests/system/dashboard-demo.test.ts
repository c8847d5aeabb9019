import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { browserMissing, browserNote, openBrowser, watchedPage } from '../support/browser.ts';
import { Collector } from '../support/collector.ts';
import { attributesOf, dashboardYaml, linkOf, ownerToken, sqlOf } from '../support/dashboard.ts';
import { indexedPng } from '../support/indexed-png.ts';
import { ROOT } from '../support/tree.ts';

const settled = { timeout: 60_000 };
/** The demo, a browser and three processes more: what hangs is caught, not what a busy machine takes. */
const ENDS_MS = 180_000;
/** Seconds of the shop that the pictures of docs/screenshots show; absent = none are made. */
const PICTURES_AFTER_S = Number(process.env['PERISCOPE_SCREENSHOTS'] ?? Number.NaN);

let browser: Browser;
beforeAll(async () => {
  if (!browserMissing) browser = await openBrowser();
});
afterAll(() => browser?.close());

/** In the browser: is there a colour of data on the first chart? Axes and grid are grey. */
const PAINTED = `(() => {
  const canvas = document.querySelector('.arrivals canvas');
  if (!canvas || !canvas.width) return false;
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  for (let at = 0; at < data.length; at += 4)
    if (data[at + 3] > 200 && Math.max(data[at], data[at + 1], data[at + 2]) - Math.min(data[at], data[at + 1], data[at + 2]) > 60)
      return true;
  return false;
})()`;

describe.skipIf(browserMissing)(`the dashboard of the demo${browserNote}`, () => {
  it('has a chart soon after the start, and the services that SQL has, without a fault', { timeout: ENDS_MS }, async () => {
    const beganMs = performance.now();
    await using collector = await Collector.start(dashboardYaml(), { args: ['--demo'] });
    const { page, context, faults } = await watchedPage(browser, collector.url('dashboard'), { allowed: /getImageData/ });
    const link = await linkOf(collector);
    const linkMs = performance.now();
    await page.goto(link);
    await page.locator('.page-body').waitFor(settled);
    const usableMs = performance.now();
    await expect.poll(() => page.evaluate<boolean>(PAINTED), { ...settled, interval: 50 }).toBe(true);
    const chartMs = performance.now();
    const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`;
    console.log(
      `first chart ${seconds(chartMs - beganMs)} after the start (link ${seconds(linkMs - beganMs)}); page usable ${seconds(usableMs - linkMs)} after the link was opened`,
    );
    const services = (await sqlOf(collector, 'SELECT ServiceName FROM services ORDER BY 1')).flat();
    expect(services).toHaveLength(6);
    await expect.poll(async () => (await attributesOf(page, 'data-service')).toSorted(), settled).toEqual(services);
    expect(await page.locator('.balances').getAttribute('data-balanced')).toBe('true');
    expect(faults).toEqual([]);
    await context.close();
  });

  it('keeps a list of logs where one reads it, while others come in above', { timeout: ENDS_MS }, async () => {
    await using collector = await Collector.start(dashboardYaml(), { args: ['--demo'] });
    const { page, context, faults } = await watchedPage(browser, collector.url('dashboard'));
    await page.goto(await linkOf(collector));
    await page.locator('[data-service]').first().waitFor(settled);
    await page.goto('/logs?range=5m');
    const list = page.locator('.logs .list-scroll');
    await expect.poll(() => list.evaluate((box) => box.scrollHeight), settled).toBeGreaterThan(2000);
    await list.evaluate((box) => (box.scrollTop = 500));
    const read = page.locator('.logs .list-row').nth(12);
    await expect.poll(() => read.isVisible(), settled).toBe(true);
    // In one look: rows come in between two.
    const [text, before] = await read.evaluate((row): [string, number] => [row.innerText, row.getBoundingClientRect().y]);
    const rows = async (): Promise<number> => Number(/\d+/.exec((await list.getAttribute('aria-label')) ?? '')?.[0]);
    const had = await rows();
    await expect.poll(rows, settled).toBeGreaterThan(had);
    const same = page
      .locator('.logs .list-row')
      .filter({ hasText: text.split('\n')[0] ?? '' })
      .filter({ hasText: text.split('\n').at(-2) ?? '' });
    await expect.poll(async () => Math.round((await same.first().boundingBox())?.y ?? 0), settled).toBe(Math.round(before));
    expect(faults).toEqual([]);
    await context.close();
  });

  it.skipIf(Number.isNaN(PICTURES_AFTER_S))(
    'has its pictures taken, when PERISCOPE_SCREENSHOTS says after how many seconds',
    async () => {
      await using collector = await Collector.start(dashboardYaml({ ownPerf: true }), { args: ['--demo'] });
      await new Promise((resolve) => setTimeout(resolve, PICTURES_AFTER_S * 1000));
      for (const colorScheme of ['light', 'dark'] as const) {
        await takePictures(collector, colorScheme, '', { width: 1280, height: 800 });
        if (colorScheme === 'dark') await takePictures(collector, colorScheme, '-phone', { width: 390, height: 844 });
      }
    },
    (Number.isNaN(PICTURES_AFTER_S) ? 0 : PICTURES_AFTER_S * 1000) + 180_000,
  );
});

interface Picture {
  readonly name: string;
  readonly path: string;
  readonly ready: string;
  /** Also at the width of a phone. */
  readonly phone?: true;
  act?(page: Page): Promise<void>;
}

const TRAFFIC = `SELECT time_bucket(INTERVAL 10 SECOND, Timestamp) AS time, ServiceName, count(*) AS spans
FROM otel_traces
GROUP BY ALL
ORDER BY ALL`;
const PICTURES: readonly Picture[] = [
  { name: 'overview', path: '/?range=15m', ready: '[data-service]', phone: true },
  { name: 'metrics', path: '/metrics?range=15m&metric=http.server.request.duration&by=service&agg=p95', ready: '.lines-table' },
  { name: 'heatmap', path: '/metrics?range=15m&metric=http.server.request.duration&agg=heatmap', ready: 'canvas.heat' },
  {
    name: 'points',
    path: '/metrics?range=5m&metric=process.cpu.utilization&agg=points',
    ready: '.lines-table',
    // Zoomed in around a third of it, so that it no longer moves.
    async act(page) {
      const box = await page.locator('.chart .u-over').boundingBox();
      await page.mouse.move((box?.x ?? 0) + (box?.width ?? 0) / 3, (box?.y ?? 0) + 60);
      for (let turn = 0; turn < 4; turn += 1) await page.mouse.wheel(0, -120);
      await page.getByRole('button', { name: 'Live', exact: true }).waitFor(settled);
    },
  },
  { name: 'logs', path: '/logs?range=15m', ready: '.log-line', phone: true },
  { name: 'traces', path: '/traces?range=15m', ready: '[data-trace]' },
  {
    name: 'trace',
    path: `/traces?range=15m&errors=1&q=${encodeURIComponent('name:"GET /carts/{id}"')}`,
    ready: '[data-trace]',
    phone: true,
    async act(page) {
      await page.locator('[data-trace]').first().click();
      await page.locator('[data-span]').first().waitFor(settled);
    },
  },
  { name: 'perf', path: '/perf', ready: '[data-perf]' },
  { name: 'activity', path: '/activity', ready: '[data-event]' },
  {
    name: 'sql',
    path: `/sql?live=1&sql=${encodeURIComponent(TRAFFIC)}`,
    ready: '.editor[data-ready="true"]',
    async act(page) {
      await page.getByRole('button', { name: 'Chart', exact: true }).click();
    },
  },
];

async function takePictures(
  collector: Collector,
  colorScheme: 'light' | 'dark',
  ending: '' | '-phone',
  viewport: { width: number; height: number },
): Promise<void> {
  const folder = join(ROOT, 'docs/screenshots');
  await mkdir(folder, { recursive: true });
  const { page, context, faults } = await watchedPage(browser, collector.url('dashboard'), { colorScheme, viewport });
  const answer = await fetch(`${collector.url('dashboard')}/api/v1/ticket`, {
    method: 'POST',
    headers: { authorization: `Bearer ${await ownerToken(collector)}` },
  });
  const { ticket } = (await answer.json()) as { ticket: string };
  await page.goto(`/?ticket=${ticket}&scope=global`);
  for (const { name, path, ready, phone, act } of PICTURES) {
    if (ending === '-phone' && phone !== true) continue;
    await page.goto(path);
    await page.locator(ready).first().waitFor(settled);
    await act?.(page);
    // Some seconds of what moves by itself.
    await page.waitForTimeout(name === 'activity' ? 10_000 : 2500);
    await writeFile(join(folder, `${name}-${colorScheme}${ending}.png`), indexedPng(await page.screenshot()));
  }
  expect(faults).toEqual([]);
  await context.close();
}
