import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { browserMissing, browserNote, openBrowser, watchedPage, type Watched } from '../support/browser.ts';
import { Collector } from '../support/collector.ts';
import { dashboardYaml, linkOf } from '../support/dashboard.ts';

const settled = { timeout: 20_000 };
const LOGS = 100;

async function send(collector: Collector, signal: 'metrics' | 'logs', body: object): Promise<void> {
  const answer = await collector.send(`/v1/${signal}`, JSON.stringify(body));
  expect(Buffer.from(answer.body).toString()).toBe('{}');
}

describe.skipIf(browserMissing)(`what a page takes${browserNote}`, () => {
  let browser: Browser;
  let collector: Collector;
  let watched: Watched;
  let page: Page;
  beforeAll(async () => {
    browser = await openBrowser();
    collector = await Collector.start(dashboardYaml());
    const resource = { attributes: [{ key: 'service.name', value: { stringValue: 'edges' } }] };
    const at = (n: number): string => `${Date.now() - 60_000 + n * 100}000000`;
    const gauge = (name: string, values: readonly (number | string)[]): object => ({
      name,
      gauge: { dataPoints: values.map((asDouble, n) => ({ timeUnixNano: at(n), asDouble })) },
    });
    const metrics = [
      gauge('neighbours', [1, 1 + Number.EPSILON, 1]),
      gauge('extremes', [-Number.MAX_VALUE, 1, 'Infinity', 'NaN', '-Infinity', Number.MAX_VALUE]),
      gauge('least', [Number.MIN_VALUE, 0, Number.MIN_VALUE]),
    ];
    await send(collector, 'metrics', { resourceMetrics: [{ resource, scopeMetrics: [{ metrics }] }] });
    const logRecords = Array.from({ length: LOGS }, (_, n) => ({
      timeUnixNano: at(n),
      body: { stringValue: `record ${n}\n${'and more\n'.repeat(20)}` },
    }));
    await send(collector, 'logs', { resourceLogs: [{ resource, scopeLogs: [{ logRecords }] }] });
    watched = await watchedPage(browser, collector.url('dashboard'));
    page = watched.page;
    await page.goto(await linkOf(collector));
    await page.locator('[data-service="edges"]').waitFor(settled);
  });
  afterAll(async () => {
    await watched?.context.close();
    await collector?.[Symbol.asyncDispose]();
    await browser?.close();
  });

  it.each(['neighbours', 'extremes', 'least'])('draws a metric of %s, and can be moved', async (metric) => {
    await page.goto(`/metrics?scope=global&metric=${metric}&agg=points&range=5m`);
    await page.locator('.lines-table tbody tr').waitFor(settled);
    await page.locator('figure.chart').focus();
    await page.keyboard.press('ArrowLeft');
    await page.getByRole('button', { name: 'Live', exact: true }).waitFor(settled);
    expect(watched.faults).toEqual([]);
  });

  it('goes where it is sent while a chart is in hand: Escape in the middle of a drag, a button right after the wheel', async () => {
    await page.goto('/metrics?scope=global&metric=neighbours&agg=points&range=5m');
    await page.locator('.lines-table tbody tr').waitFor(settled);
    const range = (): string | null => new URL(page.url()).searchParams.get('range');
    const box = await page.locator('.chart .u-over').boundingBox();
    if (box === null) throw new Error('cannot find the chart: it is not on the screen');
    const [x, y] = [box.x + box.width / 2, box.y + 40];
    await page.mouse.move(x, y);
    await page.mouse.down();
    await page.mouse.move(x + 60, y, { steps: 3 });
    await page.keyboard.press('Escape');
    await page.mouse.move(x + 90, y, { steps: 3 });
    await page.mouse.up();
    expect(range()).toBe('5m');
    await page.mouse.wheel(0, -400);
    await page.getByRole('button', { name: 'Last 1 hour' }).click();
    // As long as a chart takes to settle, and longer.
    await page.waitForTimeout(500);
    expect(range()).toBe('1h');
    expect(watched.faults).toEqual([]);
  });

  it('draws times of clocks that cannot be, as far as they are times', async () => {
    const chartOf = (sql: string): Promise<unknown> => page.goto(`/sql?scope=global&as=chart&sql=${encodeURIComponent(sql)}`);
    await chartOf('SELECT 1e20 AS t, 1 AS v');
    await page.locator('.result-rows .result-line').waitFor(settled);
    for (const time of [
      "TIMESTAMP '9999-12-31 23:59:59' - INTERVAL (i) MINUTE",
      "TIMESTAMP '0001-01-01' + INTERVAL (i) MINUTE",
      '1e12 + i / 1e6',
    ]) {
      await chartOf(`SELECT ${time} AS t, i AS v FROM range(3000) r(i)`);
      await page.locator('figure.chart').waitFor(settled);
      await page.locator('figure.chart').focus();
      for (const key of ['+', 'ArrowLeft', '-']) await page.keyboard.press(key);
      await page.getByRole('button', { name: 'All', exact: true }).click(settled);
    }
    expect(watched.faults).toEqual([]);
  });

  it('opens a record of which only the lower part is seen from its top, and keeps the others where they are', async () => {
    await page.goto('/logs?scope=global&range=15m');
    const list = page.locator('.logs .list-scroll');
    await expect.poll(() => list.evaluate((box) => box.scrollHeight), settled).toBeGreaterThan(LOGS * 25);
    await list.evaluate((box) => (box.scrollTop = 27 * 10 + 15));
    const row = page.locator('.logs .list-row').filter({ hasText: new RegExp(`record ${LOGS - 11}\\b`) });
    const top = async (): Promise<number> => Math.round((await row.boundingBox())?.y ?? Number.NaN);
    await row.waitFor(settled);
    const before = await top();
    const edge = Math.round((await list.boundingBox())?.y ?? 0);
    expect(before).toBeLessThan(edge);
    await page.mouse.click(400, edge + 4);
    await page.locator('.opened').waitFor(settled);
    await expect.poll(async () => (await row.boundingBox())?.height ?? 0, settled).toBeGreaterThan(100);
    expect(await top()).toBe(before);
  });
});
