import { performance } from 'node:perf_hooks';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SCOPE_MATRIX } from '../../pipeline/scope/index.ts';
import { AGENT_RUNTIMES } from '../support/agent-runtimes.ts';
import { browserMissing, browserNote, openBrowser, watchedPage } from '../support/browser.ts';
import { Collector } from '../support/collector.ts';
import { attributesOf, dashboardYaml, linkOf } from '../support/dashboard.ts';
import { runExample } from '../support/example-run.ts';

const settled = { timeout: 30_000 };
const SCOPE = 'DEVELOPMENT';
const APP = 'hono';
const SERVICE = `[data-service="${APP}-example"]`;
const ASKS = ['GET /users/1', 'GET /users/2', 'GET /'];

let browser: Browser;
beforeAll(async () => {
  if (!browserMissing) browser = await openBrowser();
});
afterAll(() => browser?.close());

/** The page is open, then somebody starts an app with the agent in front of it and tells it nothing but its scope. */
describe.skipIf(browserMissing)(`an example app on the dashboard of a running Periscope${browserNote}`, () => {
  const [thisNode, bun] = [AGENT_RUNTIMES[0]!, AGENT_RUNTIMES.at(-1)!];

  it.skipIf(bun.missing).each([thisNode, bun])(
    'appears by itself, in the colour of its scope, with its requests and operations: $name $note',
    async (runtime) => {
      await using collector = await Collector.start(dashboardYaml());
      const { page, context, faults } = await watchedPage(browser, collector.url('dashboard'));
      await page.goto(await linkOf(collector));
      await page.goto(`/?scope=${SCOPE}`);
      await page.getByText('Nothing has arrived yet').waitFor(settled);

      const beganMs = performance.now();
      let seen = false;
      const endpoint = collector.url();
      const run = runExample({ runtime, app: APP, endpoint, env: { AGENT_SCOPE: SCOPE }, asks: ASKS, arrived: () => seen });
      try {
        await page.locator(SERVICE).waitFor(settled);
        const seconds = ((performance.now() - beganMs) / 1000).toFixed(1);
        console.log(`${APP} on ${runtime.name} is on the dashboard ${seconds} s after its start`);
        await expectColour(page);
        await expectMetrics(page);
        await expectOperation(page);
      } finally {
        seen = true;
      }
      expect(await run).toMatchObject({ code: 0, stderr: '' });

      // What is of one scope is on no page of another.
      await page.goto('/?scope=global');
      await page.getByText('Nothing has arrived yet').waitFor(settled);
      expect(await page.locator(SERVICE).count()).toBe(0);
      expect(faults).toEqual([]);
      await context.close();
    },
    120_000,
  );
});

async function expectColour(page: Page): Promise<void> {
  const row = SCOPE_MATRIX.find(({ scope }) => scope === SCOPE)!;
  expect(await page.locator('.scope-name').innerText()).toBe(SCOPE);
  expect(await page.locator('.scope-icon').innerText()).toBe(row.icon);
  const colour = "getComputedStyle(document.documentElement).getPropertyValue('--scope')";
  expect(await page.evaluate<string>(colour)).toBe(row.colour);
}

async function expectMetrics(page: Page): Promise<void> {
  await page.getByRole('link', { name: 'Metrics', exact: true }).click();
  const measured = ['http.server.request.duration', 'op.duration', 'process.cpu.time', 'process.memory.usage'];
  await expect.poll(() => attributesOf(page, 'data-metric'), settled).toEqual(expect.arrayContaining(measured));
  await page.locator('[data-metric="http.server.request.duration"]').click();
  // The requests of the first moments, too: they are in the first point that came of them.
  await page.locator('[data-chart="http.server.request.duration"] .lines-table').waitFor(settled);
}

/** A row of MASTER_PERF for what the app tracks. */
async function expectOperation(page: Page): Promise<void> {
  await page.getByRole('link', { name: 'Perf', exact: true }).click();
  await page.locator('[data-perf="op.users.find"]').waitFor(settled);
  expect(await page.locator('[data-perf="op.users.find"] .perf-value').innerText()).toMatch(/^[\d.]+(e-\d+)?ms$/);
  await page.locator('[data-perf="op.users.find"]').click();
  await expect.poll(() => page.locator('.opened').innerText(), settled).toMatch(/calls\s+2\b/);
}
