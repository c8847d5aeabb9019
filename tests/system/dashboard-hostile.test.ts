import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { browserMissing, browserNote, openBrowser, watchedPage, type Watched } from '../support/browser.ts';
import { Collector } from '../support/collector.ts';
import { attributesOf, dashboardYaml, linkOf } from '../support/dashboard.ts';

/** A script in each place where telemetry of others comes to the screen. Keys come as they are: nothing cleans them. */
const YAML = dashboardYaml({ ownPerf: true }).replaceAll('[scope, sanitize]', '[scope]').replace('scope: , sanitize:', 'scope:');
const settled = { timeout: 20_000 };

/** `where` is told apart; each form breaks out of another context. */
const script = (where: string): string =>
  `"'><img src=x onerror="window.pwned='${where}'"><script>window.pwned='${where}'</script><a href="javascript:window.pwned=1">${where}</a>`;
const text = (where: string): { stringValue: string } => ({ stringValue: script(where) });
const TRACE = { traceId: '5b8efff798038103d269b633813fc60c', spanId: 'eee19b7ec3c1b174' };

async function sendScripts(collector: Collector): Promise<void> {
  const at = `${Date.now()}000000`;
  const attributes = [{ key: script('key'), value: text('value') }];
  const resource = { attributes: [{ key: 'service.name', value: text('service') }, ...attributes] };
  const scope = { name: script('library'), version: script('version') };
  const perf = ['category', 'type', 'topic', 'subCat', 'id', 'pattern', 'locations', 'impact'].map((name) => ({
    key: `perf.${name}`,
    value: text(`perf.${name}`),
  }));
  const gauge = (name: string, more: object[]): object => ({
    name,
    unit: script('unit'),
    description: script('description'),
    gauge: { dataPoints: [{ timeUnixNano: at, asDouble: 5, attributes: [...attributes, ...more] }] },
  });
  const requests = {
    logs: {
      resourceLogs: [
        {
          resource,
          scopeLogs: [
            {
              scope,
              logRecords: [
                {
                  timeUnixNano: at,
                  severityNumber: 17,
                  severityText: script('severity'),
                  body: text('body'),
                  attributes,
                  ...TRACE,
                },
              ],
            },
          ],
        },
      ],
    },
    traces: {
      resourceSpans: [
        {
          resource,
          scopeSpans: [
            {
              scope,
              spans: [
                {
                  ...TRACE,
                  name: script('span'),
                  kind: 2,
                  startTimeUnixNano: at,
                  endTimeUnixNano: `${BigInt(at) + 5_000_000n}`,
                  status: { code: 2, message: script('status') },
                  attributes,
                  events: [{ name: script('event'), timeUnixNano: at, attributes }],
                },
              ],
            },
          ],
        },
      ],
    },
    metrics: {
      resourceMetrics: [{ resource, scopeMetrics: [{ scope, metrics: [gauge(script('metric'), []), gauge('perf', perf)] }] }],
    },
  };
  for (const [signal, body] of Object.entries(requests)) {
    const answer = await collector.send(`/v1/${signal}`, JSON.stringify(body));
    expect(Buffer.from(answer.body).toString()).toBe('{}');
  }
}

describe.skipIf(browserMissing)(`telemetry that is a script${browserNote}`, () => {
  let browser: Browser;
  let collector: Collector;
  let watched: Watched;
  let page: Page;
  beforeAll(async () => {
    browser = await openBrowser();
    collector = await Collector.start(YAML);
    watched = await watchedPage(browser, collector.url('dashboard'), { allowed: /status of 400/ });
    page = watched.page;
    await sendScripts(collector);
    await page.goto(await linkOf(collector));
    await page.locator('[data-service]').first().waitFor(settled);
  });
  afterAll(async () => {
    await watched?.context.close();
    await collector?.[Symbol.asyncDispose]();
    await browser?.close();
  });

  /** It is on the screen as text, and nothing of it has become a part of the page. */
  const isText = async (where: string): Promise<void> => {
    await expect.poll(() => page.locator('body').innerText(), settled).toContain(`window.pwned='${where}'`);
    expect(await page.locator('img[src="x"], script:not([src]), a[href^="javascript"], [onerror]').count()).toBe(0);
    expect(await page.evaluate('window.pwned')).toBeUndefined();
    expect(watched.faults).toEqual([]);
  };

  it('is text in the overview', () => isText('service'));

  it('is text in a record, its attributes and its resource', async () => {
    await page.goto('/logs?scope=global');
    await isText('body');
    // The collector's own rows come in above it.
    await page.locator('.list-row', { hasText: "window.pwned='body'" }).first().click();
    for (const where of ['key', 'value', 'service']) await isText(where);
  });

  it('is text in a span and a waterfall', async () => {
    await page.goto('/traces?scope=global');
    await isText('span');
    await page.goto(`/traces?scope=global&trace=${TRACE.traceId}`);
    await page.locator('[data-span]').first().click();
    for (const where of ['span', 'key', 'value']) await isText(where);
  });

  it('is text in a metric, its unit and its series', async () => {
    await page.goto('/metrics?scope=global');
    await page.locator('[data-metric]').first().waitFor(settled);
    expect((await attributesOf(page, 'data-metric')).some((name) => name?.includes("window.pwned='metric'"))).toBe(true);
    await isText('metric');
    await page.goto(`/metrics?scope=global&metric=${encodeURIComponent(script('metric'))}`);
    await page.locator('[data-chart]').waitFor(settled);
    await isText('unit');
  });

  it('is text in MASTER_PERF, in its tooltips and in the files that are saved', async () => {
    await page.goto('/perf?scope=global');
    await page.locator('[data-perf]').first().waitFor(settled);
    const own = page.locator('[data-perf]', { hasText: "window.pwned='perf." }).first();
    await own.hover();
    await own.click();
    await isText('perf.id');
    const download = page.waitForEvent('download');
    await page.getByRole('button', { name: 'CSV' }).click();
    const file = await download;
    expect(file.suggestedFilename()).toMatch(/^periscope-master-perf-global-[\w-]+\.csv$/);
    expect(await readFile(await file.path(), 'utf8')).toContain('pwned');
  });

  it('is no formula in the file that is saved of an answer of SQL', async () => {
    const sql = `SELECT '=HYPERLINK("http://x/")' AS "=a", '+1' AS b, '-2' AS c, '@x' AS d, chr(9) || 'e' AS e, -2.5 AS f, NULL AS g`;
    await page.goto(`/sql?scope=global&sql=${encodeURIComponent(sql)}`);
    await page.locator('.result-rows .result-line').first().waitFor(settled);
    const download = page.waitForEvent('download');
    await page.getByRole('button', { name: 'CSV' }).click();
    expect(await readFile(await (await download).path(), 'utf8')).toBe(
      `'=a,b,c,d,e,f,g\r\n"'=HYPERLINK(""http://x/"")",'+1,-2,'@x,'\te,-2.5,\r\n`,
    );
  });

  it('is text in an answer of SQL, in the name of a column and in a fault', async () => {
    const run = async (sql: string): Promise<unknown> => page.goto(`/sql?scope=global&sql=${encodeURIComponent(sql)}`);
    const named = script('column').replaceAll('"', '""');
    await run(`SELECT Body, MAP {'k': ServiceName} AS m, 1 AS "${named}" FROM otel_logs WHERE SeverityNumber = 17`);
    await page.locator('.result-rows .result-line').first().waitFor(settled);
    for (const where of ['body', 'service', 'column']) await isText(where);
    await run('SELECT error(Body) FROM otel_logs WHERE SeverityNumber = 17');
    await page.locator('.fault').waitFor(settled);
    await isText('body');
  });
});

/** The same site, so that a cookie for it is sent: another port of this machine. */
describe.skipIf(browserMissing)(`another page in a browser that is signed in${browserNote}`, () => {
  it('can neither ask, nor send, nor frame, nor use what was signed out', async () => {
    const browser = await openBrowser();
    const strange = createServer((_, response) => response.setHeader('content-type', 'text/html').end('<p>strange</p>'));
    try {
      await using collector = await Collector.start(YAML);
      const base = collector.url('dashboard');
      const { context, page } = await watchedPage(browser, base, { allowed: /./ });
      const link = await linkOf(collector);
      await page.goto(link);
      await page.getByRole('button', { name: 'Sign out' }).waitFor(settled);
      strange.listen(0, '127.0.0.1');
      await once(strange, 'listening');
      const other = await context.newPage();
      const statuses: string[] = [];
      other.on('response', (response) => {
        if (response.url().startsWith(base)) statuses.push(`${response.request().method()} ${response.status()}`);
      });
      await other.goto(`http://127.0.0.1:${(strange.address() as AddressInfo).port}/`);
      // What a page may send to another without asking first; what it may read it is told by CORS, which is not there.
      const told = await other.evaluate(async (address) => {
        const answers: string[] = [];
        for (const request of [
          new Request(`${address}/api/v1/sql`, {
            method: 'POST',
            mode: 'no-cors',
            credentials: 'include',
            body: '{"sql":"SELECT 1"}',
          }),
          new Request(`${address}/api/v1/ticket`, { method: 'POST', mode: 'no-cors', credentials: 'include' }),
          new Request(`${address}/api/v1/ledger`, { mode: 'no-cors', credentials: 'include' }),
          new Request(`${address}/api/v1/ledger`, { credentials: 'include' }),
        ])
          answers.push(
            await fetch(request).then(
              (answer) => answer.type,
              () => 'refused',
            ),
          );
        return answers;
      }, base);
      expect(told.at(-1)).toBe('refused');
      // Nothing was done: whatever was answered was a refusal (or the browser kept it from us).
      expect(statuses.filter((status) => !/ (401|403)$/.test(status))).toEqual([]);
      expect(statuses.length).toBeGreaterThan(0);
      const socket = await other.evaluate(
        (address) =>
          new Promise<string>((resolve) => {
            const made = new WebSocket(`${address.replace('http', 'ws')}/ws`, ['periscope.v1']);
            made.onopen = () => resolve('open');
            made.onerror = () => resolve('refused');
          }),
        base,
      );
      expect(socket).toBe('refused');
      await other.evaluate(`new Promise((resolve) => {
        const frame = document.createElement('iframe');
        frame.src = '${base}';
        frame.addEventListener('load', resolve);
        document.body.append(frame);
      })`);
      const [framed] = other.frames().slice(1);
      expect(await framed!.locator('button').count()).toBe(0);
      // The page itself may still ask; its session ends with the sign-out, for a copy of its cookie, too.
      const cookies = await context.cookies(base);
      expect(cookies.map(({ httpOnly, sameSite }) => ({ httpOnly, sameSite }))).toEqual([{ httpOnly: true, sameSite: 'Strict' }]);
      const copy = { cookie: cookies.map(({ name, value }) => `${name}=${value}`).join('; ') };
      const scopes = (): Promise<Response> => fetch(`${base}/api/v1/scopes`, { headers: copy });
      expect((await scopes()).status).toBe(200);
      await page.getByRole('button', { name: 'Sign out' }).click();
      await page.getByRole('button', { name: 'Sign in' }).waitFor(settled);
      expect((await scopes()).status).toBe(401);
      const again = await fetch(link, { redirect: 'manual' });
      expect(again.headers.get('set-cookie')).toBeNull();
    } finally {
      strange.close();
      await browser.close();
    }
  });
});
