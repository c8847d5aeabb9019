import type { Browser, Page, Request } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { panChart } from '../../bench/page/pan.ts';
import { gaugeRequests, POINTS, SERIES } from '../../bench/page/points.ts';
import { shortNumber } from '../../server/dashboard/model/format.ts';
import { browserMissing, browserNote, openBrowser, watchedPage, type Watched } from '../support/browser.ts';
import { Collector } from '../support/collector.ts';
import { dashboardYaml, linkOf, sqlOf, textsOf } from '../support/dashboard.ts';
import { sendBySdk } from '../support/sdk-sender.ts';

const settled = { timeout: 20_000 };
const MINUTE_MS = 60_000;

let browser: Browser;
beforeAll(async () => {
  if (!browserMissing) browser = await openBrowser();
});
afterAll(() => browser?.close());

/** What is on the chart, in milliseconds since 1970. */
async function shownOn(page: Page): Promise<[from: number, to: number]> {
  const chart = page.locator('figure.chart');
  return [Number(await chart.getAttribute('data-from')), Number(await chart.getAttribute('data-to'))];
}
const lengthOf = ([from, to]: [number, number]): number => to - from;
const rangeIn = (page: Page, key = 'range'): string => new URL(page.url()).searchParams.get(key) ?? '';
const within = (from: number, to: number): string =>
  `TimeUnix >= epoch_ms(${from})::TIMESTAMP_NS AND TimeUnix < epoch_ms(${to})::TIMESTAMP_NS`;

async function areaOf(page: Page): Promise<{ x: number; y: number; width: number; height: number }> {
  const box = await page.locator('.chart .u-over').boundingBox();
  if (box === null) throw new Error('cannot find the chart: it is not on the screen');
  return box;
}

/** The table below the chart, line by line: last, least, mean and most of what the view holds. */
async function showsWhatSqlSays(collector: Collector, page: Page, from: number, to: number): Promise<void> {
  const said = await sqlOf(
    collector,
    `SELECT 'host=' || Attributes['host'], arg_max(Value, TimeUnix), min(Value), avg(Value), max(Value), count(*)
FROM points JOIN series USING (SeriesId) WHERE ${within(from, to)} GROUP BY 1 ORDER BY 1`,
  );
  const count = said.reduce((sum, row) => sum + Number(row[5]), 0);
  await page.locator(`[data-points="${count}"]`).waitFor(settled);
  const rows = said.map(([name, ...values]) =>
    [name, ...values.slice(0, 4).map((value) => shortNumber(Number(value)))].join(' '),
  );
  await expect
    .poll(async () => (await textsOf(page, '.lines-table tbody tr')).map((text) => text.trim().split(/\s+/).join(' ')), settled)
    .toEqual(rows);
}

/** Questions for points while something is done; others, such as for the list of services, come by themselves. */
async function asksDuring(page: Page, act: () => Promise<void>): Promise<number> {
  let asks = 0;
  const listen = (request: Request): void => {
    if (request.postData()?.includes('FROM points') === true) asks += 1;
  };
  page.on('request', listen);
  await act();
  page.off('request', listen);
  return asks;
}

describe.skipIf(browserMissing)(`charts moved by hand, in Chromium${browserNote}`, () => {
  let collector: Collector;
  let watched: Watched;
  let page: Page;
  let toMs: number;
  let fromMs: number;
  beforeAll(async () => {
    collector = await Collector.start(dashboardYaml());
    toMs = Math.floor(Date.now() / 1000) * 1000 - 5 * MINUTE_MS;
    fromMs = toMs - 20 * MINUTE_MS;
    for (const body of gaugeRequests('load', fromMs, toMs)) {
      expect((await collector.send('/v1/metrics', body)).status).toBe(200);
    }
    // Whoever leaves the live edge at once leaves its stream before it is there.
    watched = await watchedPage(browser, collector.url('dashboard'), { allowed: /before the connection is established/ });
    page = watched.page;
    await page.goto(await linkOf(collector));
    await page.locator('[data-service="fleet"]').waitFor(settled);
  });
  afterAll(async () => {
    await watched?.context.close();
    await collector?.[Symbol.asyncDispose]();
  });

  it('100,000 points follow the mouse without a question, and where they are left the figures are those of SQL', async () => {
    await expect.poll(async () => Number((await sqlOf(collector, 'SELECT count(*) FROM points'))[0]?.[0]), settled).toBe(POINTS);
    await page.goto(`/metrics?scope=global&metric=load&agg=points&range=${fromMs}-${toMs}`);
    await page.locator(`[data-points="${POINTS}"]`).waitFor(settled);
    expect(await page.locator('.lines-table tbody tr').count()).toBe(SERIES);
    const { width } = await areaOf(page);
    let frames = '';
    const asks = await asksDuring(page, async () => {
      const { frames: count, seconds, p95Ms } = await panChart(page, -100);
      frames = `${Math.round(count / seconds)} frames a second while ${POINTS} points were dragged, 95 % of them within ${p95Ms.toFixed(1)} ms`;
    });
    console.log(frames);
    expect(asks).toBe(0);
    const moved = (100 / width) * (toMs - fromMs);
    await expect.poll(async () => (await shownOn(page))[0], settled).toBeGreaterThan(fromMs);
    const [from, to] = await shownOn(page);
    // Within a pixel.
    expect(Math.abs(from - fromMs - moved)).toBeLessThan((toMs - fromMs) / width);
    expect(Math.abs(to - from - (toMs - fromMs))).toBeLessThanOrEqual(2);
    expect(rangeIn(page)).toBe(`${from}-${to}`);
    await showsWhatSqlSays(collector, page, from, to);
  });

  it('the wheel zooms around the pointer; every point is asked for where they are few, and the link brings the view back', async () => {
    await page.goto(`/metrics?scope=global&metric=load&agg=points&range=${fromMs}-${toMs}`);
    await page.locator(`[data-points="${POINTS}"]`).waitFor(settled);
    const box = await areaOf(page);
    const at = 0.25;
    await page.mouse.move(box.x + at * box.width, box.y + box.height / 2);
    const asks = await asksDuring(page, async () => {
      for (let turn = 0; turn < 12; turn += 1) await page.mouse.wheel(0, -200);
    });
    expect(asks).toBeLessThan(12);
    await expect.poll(async () => lengthOf(await shownOn(page)), settled).toBeLessThan((toMs - fromMs) / 30);
    const [from, to] = await shownOn(page);
    expect(Math.abs(from + at * (to - from) - (fromMs + at * (toMs - fromMs)))).toBeLessThan((toMs - fromMs) / box.width);
    await showsWhatSqlSays(collector, page, from, to);
    // What stands under the pointer is a point of each series, as SQL has it.
    const x = from + 0.5 * (to - from);
    await page.mouse.move(box.x + 0.5 * box.width, box.y + 20);
    const told = await textsOf(page, '.tip .tip-row .cut');
    expect(told.length).toBeGreaterThan(0);
    const name = String(told[0]).replace('host=', '');
    const [[value]] = (await sqlOf(
      collector,
      `SELECT Value FROM points JOIN series USING (SeriesId) WHERE Attributes['host'] = '${name}' ORDER BY abs(epoch_ms(TimeUnix) - ${Math.round(x)}) LIMIT 1`,
    )) as [[number]];
    expect(await page.locator('.tip .tip-row b').first().innerText()).toBe(shortNumber(value));
    const link = page.url();
    await page.goto('/logs?scope=global');
    await page.goto(link);
    await expect.poll(() => shownOn(page), settled).toEqual([from, to]);
    await page.mouse.dblclick(box.x + 50, box.y + 50);
    await expect.poll(() => rangeIn(page), settled).toBe('15m');
  });

  it('by keyboard: back in time it stands still, Escape and the way back lead to what moves', async () => {
    await page.goto('/metrics?scope=global&metric=load&agg=avg&range=30m');
    const chart = page.locator('figure.chart');
    await chart.focus();
    await expect.poll(() => chart.getAttribute('aria-label'), settled).toMatch(/^load, avg\. load \d/);
    const [, edge] = await shownOn(page);
    for (let press = 0; press < 3; press += 1) await page.keyboard.press('ArrowLeft');
    await page.getByRole('button', { name: 'Live', exact: true }).waitFor(settled);
    const [from, to] = await shownOn(page);
    expect(Math.abs(edge - to - 9 * MINUTE_MS)).toBeLessThan(MINUTE_MS);
    expect(await chart.locator('[role="status"]').innerText()).toMatch(/^\d\d:\d\d:\d\d to /);
    await page.waitForTimeout(1500);
    expect(await shownOn(page)).toEqual([from, to]);
    const [average] = (await sqlOf(collector, `SELECT avg(Value) FROM points WHERE ${within(from, to)}`))[0] as [number];
    // Means of buckets at whole steps, of which the first and the last reach beyond the view.
    const shown = Number(await page.locator('.lines-table td.num').nth(2).innerText());
    expect(Math.abs(shown - average)).toBeLessThan(0.1);
    await page.keyboard.press('Escape');
    await expect.poll(() => rangeIn(page), settled).toBe('30m');
    // Nearer at the edge: the edge stays, and goes on.
    await page.keyboard.press('+');
    await expect.poll(() => rangeIn(page), settled).toBe('1440s');
    const [, before] = await shownOn(page);
    await expect.poll(async () => (await shownOn(page))[1], settled).toBeGreaterThan(before);
    await page.getByRole('button', { name: 'Live', exact: true }).click();
    await expect.poll(() => rangeIn(page), settled).toBe('30m');
    expect(await page.getByRole('button', { name: 'Live', exact: true }).count()).toBe(0);
  });

  it('Back is the way back from the first move, not through each of them', async () => {
    await page.goto('/metrics?scope=global&metric=load&range=5m');
    await page.locator('figure.chart').focus();
    for (let move = 0; move < 3; move += 1) {
      const before = rangeIn(page);
      await page.keyboard.press('Shift+ArrowLeft');
      await expect.poll(() => rangeIn(page), settled).not.toBe(before);
    }
    await page.goBack();
    await expect.poll(() => rangeIn(page), settled).toBe('5m');
    // What somebody sent as a link is where it leads to, too, if it stands still.
    const sent = `${fromMs}-${fromMs + MINUTE_MS}`;
    await page.goto(`/metrics?scope=global&metric=load&range=${sent}`);
    await page.locator('figure.chart').focus();
    for (let move = 0; move < 2; move += 1) {
      const before = rangeIn(page);
      await page.keyboard.press('ArrowLeft');
      await expect.poll(() => rangeIn(page), settled).not.toBe(before);
    }
    await page.goBack();
    await expect.poll(() => rangeIn(page), settled).toBe(sent);
  });

  it('a result of SQL with 100,000 rows is a chart with as many points, whose view is in the link', async () => {
    const sql = "SELECT TimeUnix AS time, Attributes['host'] AS host, Value FROM points JOIN series USING (SeriesId)";
    await page.goto(`/sql?scope=global&sql=${encodeURIComponent(sql)}`);
    await page.locator('.result[data-rows="10000"]').waitFor(settled);
    await page.getByRole('button', { name: 'Chart', exact: true }).click();
    await page.locator(`.result[data-rows="${POINTS}"]`).waitFor(settled);
    const [whole, end] = await shownOn(page);
    const [[first, last]] = (await sqlOf(collector, 'SELECT epoch_ms(min(TimeUnix)), epoch_ms(max(TimeUnix)) FROM points')) as [
      [number, number],
    ];
    expect([whole, end]).toEqual([first, last]);
    const box = await areaOf(page);
    await page.mouse.move(box.x + box.width / 2, box.y + 50);
    await page.mouse.wheel(0, -600);
    await page.getByRole('button', { name: 'All', exact: true }).waitFor(settled);
    const asks = await asksDuring(page, async () => {
      await panChart(page, 80);
    });
    expect(asks).toBe(0);
    await expect.poll(() => rangeIn(page, 'view'), settled).toMatch(/^\d+-\d+$/);
    const view = await shownOn(page);
    await page.reload();
    await page.locator(`.result[data-rows="${POINTS}"]`).waitFor(settled);
    await expect.poll(() => shownOn(page), settled).toEqual(view);
    await page.getByRole('button', { name: 'All', exact: true }).click();
    await expect.poll(() => shownOn(page), settled).toEqual([first, last]);
  });

  it('the histogram of the logs moves the page: its list is what SQL has of what one sees', async () => {
    await sendBySdk({ url: collector.url(), service: 'shop' });
    await page.goto('/logs?scope=global&range=5m');
    await page.locator('.list-row').first().waitFor(settled);
    const listed = async (): Promise<string> => (await page.locator('.page-head .sub').innerText()).replace(' records', '');
    const said = async (): Promise<string> => {
      const [from, to] = rangeIn(page).split('-').map(Number);
      const sql = `SELECT count(*) FROM otel_logs WHERE Timestamp >= epoch_ms(${from})::TIMESTAMP_NS AND Timestamp < epoch_ms(${to})::TIMESTAMP_NS`;
      return String((await sqlOf(collector, sql))[0]?.[0]);
    };
    // With Shift a drag marks what is to be seen: the last quarter, where they came.
    const box = await areaOf(page);
    await page.keyboard.down('Shift');
    await page.mouse.move(box.x + box.width * 0.75, box.y + 20);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width - 1, box.y + 20, { steps: 4 });
    await page.mouse.up();
    await page.keyboard.up('Shift');
    await expect.poll(async () => lengthOf(await shownOn(page)), settled).toBeLessThan(1.3 * MINUTE_MS);
    // What is marked up to the edge moves on with it.
    expect(rangeIn(page)).toMatch(/^\d+s$/);
    await page.locator('figure.chart').focus();
    await page.keyboard.press('ArrowLeft');
    await expect.poll(() => rangeIn(page), settled).toMatch(/^\d+-\d+$/);
    await expect.poll(async () => (await listed()) === (await said()), settled).toBe(true);
    await page.keyboard.press('Shift+ArrowLeft');
    await page.keyboard.press('Shift+ArrowLeft');
    await expect.poll(listed, settled).toBe('0');
    expect(await said()).toBe('0');
    await page.getByRole('button', { name: 'Live', exact: true }).click();
    await expect.poll(listed, settled).not.toBe('0');
  });

  it('a heatmap moves as charts do', async () => {
    await page.goto('/metrics?scope=global&metric=latency&agg=heatmap&range=15m');
    await page.locator('canvas.heat').waitFor(settled);
    const [, edge] = await shownOn(page);
    const asks = await asksDuring(page, async () => {
      await panChart(page, 60);
    });
    expect(asks).toBe(0);
    await page.getByRole('button', { name: 'Live', exact: true }).waitFor(settled);
    const { width } = await areaOf(page);
    const [from, to] = await shownOn(page);
    expect(rangeIn(page)).toBe(`${from}-${to}`);
    // The edge went on until the mouse had it.
    const back = (to - from) * (60 / width);
    expect(to + back).toBeGreaterThan(edge - MINUTE_MS / 10);
    expect(to + back).toBeLessThan(Date.now() + MINUTE_MS / 10);
    await page.locator('figure.chart').focus();
    await page.keyboard.press('Escape');
    await expect.poll(() => rangeIn(page), settled).toBe('15m');
  });

  it('two fingers zoom, one moves, and the page still scrolls up and down', async () => {
    const { page: phone, context } = await watchedPage(browser, collector.url('dashboard'), {
      viewport: { width: 390, height: 844 },
      storageState: await watched.context.storageState(),
      hasTouch: true,
    });
    await phone.goto(`/metrics?scope=global&metric=load&agg=points&range=${fromMs}-${toMs}`);
    await phone.locator(`[data-points="${POINTS}"]`).waitFor(settled);
    const { x, y, width } = await areaOf(phone);
    expect(await phone.evaluate<number>('document.documentElement.scrollWidth')).toBeLessThanOrEqual(390);
    const touch = await context.newCDPSession(phone);
    const at = (share: number): { x: number; y: number } => ({ x: x + share * width, y: y + 60 });
    const send = (type: 'touchStart' | 'touchMove' | 'touchEnd', ...shares: number[]): Promise<unknown> =>
      touch.send('Input.dispatchTouchEvent', { type, touchPoints: shares.map((share, id) => ({ ...at(share), id })) });
    await send('touchStart', 0.4, 0.6);
    for (const apart of [0.15, 0.2, 0.25]) await send('touchMove', 0.5 - apart, 0.5 + apart);
    await send('touchEnd');
    await expect.poll(() => rangeIn(phone), settled).not.toBe(`${fromMs}-${toMs}`);
    const [from, to] = await shownOn(phone);
    expect((to - from) / (toMs - fromMs)).toBeCloseTo(0.4, 1);
    await showsWhatSqlSays(collector, phone, from, to);
    await send('touchStart', 0.5);
    for (const share of [0.6, 0.7]) await send('touchMove', share);
    await send('touchEnd');
    await expect.poll(async () => (from - (await shownOn(phone))[0]) / (to - from), settled).toBeCloseTo(0.2, 1);
    await context.close();
  });

  it('broke no policy, and asked nobody else', () => {
    expect(watched.faults).toEqual([]);
  });
});
