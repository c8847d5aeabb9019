import { readFile } from 'node:fs/promises';
import type { Browser, Page, Request } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../bench/ingest/free-port.ts';
import { browserMissing, browserNote, openBrowser, watchedPage, type Watched } from '../support/browser.ts';
import { Collector } from '../support/collector.ts';
import { attributesOf, dashboardYaml, linkOf, ownerToken, sqlOf, textsOf } from '../support/dashboard.ts';
import { sendBySdk } from '../support/sdk-sender.ts';
import { SECRET, tokenOf } from '../support/tokens.ts';

/** Figures as the page writes them below a thousand. */
const shown = (values: readonly unknown[]): string => values.map(String).join(' ');
const settled = { timeout: 20_000 };

/** The page in a real browser, with data of a real SDK: what is on the screen is what SQL and the API say. */
let browser: Browser;
beforeAll(async () => {
  if (!browserMissing) browser = await openBrowser();
});
afterAll(() => browser?.close());

describe.skipIf(browserMissing)(`the dashboard in Chromium${browserNote}`, () => {
  let collector: Collector;
  let watched: Watched;
  let page: Page;
  beforeAll(async () => {
    collector = await Collector.start(dashboardYaml());
    // The browser tells of each refusal that a test asks for.
    watched = await watchedPage(browser, collector.url('dashboard'), { allowed: /status of 40[035]/ });
    page = watched.page;
    await sendBySdk({ url: collector.url(), service: 'shop' });
    await page.goto(await linkOf(collector));
    await page.locator('[data-service="shop"]').waitFor(settled);
  });
  afterAll(async () => {
    await watched?.context.close();
    await collector?.[Symbol.asyncDispose]();
  });

  it('takes a link once, leaves no ticket in the address, and knows the browser from then on', async () => {
    expect(page.url()).not.toContain('ticket');
    const other = await watchedPage(browser, collector.url('dashboard'), { allowed: /401/ });
    await other.page.goto(await linkOf(collector));
    await expect.poll(() => other.page.locator('[role="alert"]').innerText()).toContain('good once');
    await other.page.getByLabel('Token').fill('wrong');
    await other.page.getByRole('button', { name: 'Sign in' }).click();
    await other.page.getByText('cannot accept the token').waitFor(settled);
    await other.page.getByLabel('Token').fill(await ownerToken(collector));
    await other.page.getByRole('button', { name: 'Sign in' }).click();
    await other.page.locator('[data-service="shop"]').waitFor(settled);
    await other.page.getByRole('button', { name: 'Sign out' }).click();
    await other.page.getByRole('button', { name: 'Sign in' }).waitFor(settled);
    expect((await other.context.request.get('/api/v1/scopes')).status()).toBe(401);
    expect(other.faults).toEqual([]);
    await other.context.close();
  });

  it('Overview: services and ledger are what the API says, and the ledger balances', async () => {
    const [points, spans, logs] =
      (await sqlOf(collector, "SELECT Points, Spans, Logs FROM services WHERE ServiceName = 'shop'"))[0] ?? [];
    await expect
      .poll(() => textsOf(page, '[data-service="shop"] td'), settled)
      .toEqual([
        'shop',
        ...[points, spans, logs].map(String),
        expect.stringMatching(/s$/) as unknown as string,
        '33.3%',
        expect.any(String) as unknown as string,
      ]);
    const ledger = (await (await page.request.get('/api/v1/ledger', { headers: { 'x-dashboard-scope': 'global' } })).json()) as {
      receivers: { received: number }[];
    };
    const received = ledger.receivers.reduce((sum, row) => sum + row.received, 0);
    expect(await page.locator('[data-place="received"] .balance-whole').innerText()).toBe(String(received));
    expect(await page.locator('.balances').getAttribute('data-balanced')).toBe('true');
    expect(received).toBe(Number(points) + Number(spans) + Number(logs));
  });

  it('Metrics: each metric of the window, its values, and a link that brings the view back', async () => {
    await page.getByRole('link', { name: 'Metrics', exact: true }).click();
    const names = await sqlOf(collector, 'SELECT DISTINCT MetricName FROM series ORDER BY 1');
    await expect.poll(() => attributesOf(page, 'data-metric'), settled).toEqual(names.flat());
    await page.locator('[data-metric="temperature"]').click();
    await page.locator('[data-chart="temperature"] .lines-table').waitFor(settled);
    const [value] = (await sqlOf(collector, "SELECT LastValue FROM series WHERE MetricName = 'temperature'"))[0] ?? [];
    await expect.poll(() => page.locator('.lines-table td.num').first().innerText(), settled).toBe(`${String(value)} Cel`);
    expect(page.url()).toContain('metric=temperature');
    await page.getByPlaceholder('name, service, key=value').fill('region=eu');
    await expect.poll(() => page.locator('[data-metric]').count(), settled).toBe(1);
    await page.goto('/metrics?metric=latency&agg=heatmap&scope=global');
    await page.locator('canvas.heat').waitFor(settled);
    await page.goto('/metrics?metric=latency&scope=global');
    await page.reload();
    await page.locator('[data-chart="latency"]').waitFor(settled);
  });

  it('Logs: the records of the window, found by word and attribute, with a way to their trace', async () => {
    await page.goto('/logs?scope=global');
    const bodies = await sqlOf(collector, 'SELECT Body FROM otel_logs');
    // Some came within one millisecond, in any order.
    await expect.poll(async () => (await textsOf(page, '.log-body')).toSorted(), settled).toEqual(bodies.flat().toSorted());
    const search = page.getByPlaceholder(/words/);
    await page.keyboard.press('/');
    await expect.poll(() => search.evaluate((input) => input.matches(':focus'))).toBe(true);
    await search.fill('order.id=o-2');
    await expect.poll(() => textsOf(page, '.log-body'), settled).toEqual(['POST /pay answered 402']);
    await page.locator('.list-row').first().click();
    await expect.poll(() => page.locator('.opened').innerText(), settled).toContain('test-host');
    await page.getByTitle('Open its trace').click();
    await page.locator('[data-span]').first().waitFor(settled);
    expect(page.url()).toContain('/traces?');
  });

  it('Logs: rows below one that opens make room for it', async () => {
    await page.goto('/logs?scope=global');
    const rows = page.locator('.list-row');
    await rows.first().click();
    await page.locator('.opened').waitFor(settled);
    const below = async (): Promise<boolean> => {
      const boxes = await rows.evaluateAll((all) =>
        all.map((row) => row.getBoundingClientRect()).map(({ top, bottom }) => [top, bottom]),
      );
      return boxes.every(([top], at) => at === 0 || Math.abs((top ?? 0) - (boxes[at - 1]?.[1] ?? 0)) < 1);
    };
    await expect.poll(below, settled).toBe(true);
    expect((await rows.first().boundingBox())?.height).toBeGreaterThan(100);
  });

  it('Logs: a record that comes while one looks is there without asking', async () => {
    await page.goto('/logs?scope=global');
    await page.locator('.list-row').first().waitFor(settled);
    const before = await page.locator('.list-row').count();
    await sendBySdk({ url: collector.url(), service: 'later' });
    await expect.poll(() => page.locator('.list-row').count(), settled).toBe(before + 4);
    expect(await page.locator('.log-line').first().innerText()).toContain('later');
  });

  it('Traces: all of them, the failed one by a filter, and the waterfall of its spans with its logs', async () => {
    await page.goto('/traces?scope=global');
    const traces = await sqlOf(collector, 'SELECT TraceId FROM otel_traces GROUP BY 1');
    await expect.poll(async () => (await attributesOf(page, 'data-trace')).toSorted(), settled).toEqual(traces.flat().toSorted());
    await page.goto('/traces?scope=global&service=shop&errors=1');
    await expect.poll(() => page.locator('[data-trace]').count(), settled).toBe(1);
    const trace = String(await page.locator('[data-trace]').getAttribute('data-trace'));
    await page.locator('[data-trace]').click();
    const spans = await sqlOf(collector, `SELECT SpanId FROM otel_traces WHERE TraceId = '${trace}'`);
    await expect.poll(async () => (await attributesOf(page, 'data-span')).toSorted(), settled).toEqual(spans.flat().toSorted());
    expect(await page.locator('.span-facts').innerText()).toContain('card declined');
    await expect.poll(() => textsOf(page, '.trace-logs .log-body'), settled).toEqual(['POST /pay answered 402']);
    await page.keyboard.press('Escape');
    await expect.poll(() => page.locator('[data-trace]').count(), settled).toBe(1);
  });

  it('SQL: what is typed runs, and the cells are the rows of the answer', async () => {
    await page.goto('/sql?scope=global');
    await page.locator('.editor[data-ready="true"]').waitFor(settled);
    await page.locator('.editor').click();
    await page.keyboard.press('Control+a');
    // Typed over, Chromium itself would try to keep the colours of what was marked as an inline style, and be refused.
    await page.keyboard.press('Backspace');
    const sql = 'SELECT ServiceName, count(*) AS spans FROM otel_traces GROUP BY ALL ORDER BY 1';
    await page.keyboard.insertText(sql);
    await page.keyboard.press('Control+Enter');
    const rows = await sqlOf(collector, sql);
    await expect
      .poll(() => textsOf(page, '.result-rows .result-line'), settled)
      .toEqual(rows.map((row) => shown(row).replace(' ', '\n')));
    await page.getByRole('button', { name: 'Chart', exact: true }).click();
    await expect.poll(() => textsOf(page, '.result-bar b'), settled).toEqual(rows.map(([, spans]) => String(spans)));
    const download = page.waitForEvent('download');
    await page.getByRole('button', { name: 'CSV' }).click();
    expect((await download).suggestedFilename()).toMatch(/^periscope-query-global-\d{4}-.*\.csv$/);
    await page.goto(`/sql?scope=global&sql=${encodeURIComponent("SELECT * FROM read_csv('/etc/passwd')")}`);
    await page.locator('.fault').waitFor(settled);
  });

  it('SQL: of ten thousand rows only those that are seen are in the page, and keys go to both ends', async () => {
    await page.goto(`/sql?scope=global&sql=${encodeURIComponent('SELECT unnest(range(10000)) AS i')}`);
    const rows = page.locator('.result-rows .list-row');
    await expect.poll(() => rows.first().innerText(), settled).toBe('0');
    await page.locator('.result-rows .list-scroll').focus();
    await page.keyboard.press('End');
    await expect.poll(() => rows.last().innerText(), settled).toBe('9999');
    expect(await rows.last().evaluate((row) => row.getBoundingClientRect().bottom)).toBeLessThanOrEqual(800);
    expect(await rows.count()).toBeLessThan(60);
    await page.keyboard.press('ArrowUp');
    expect(await page.locator('.list-row.active').innerText()).toBe('9998');
    await page.keyboard.press('Home');
    await expect.poll(() => rows.first().innerText(), settled).toBe('0');
  });

  it('SQL: a query that is kept live changes on the screen as its rows do, in its own order', async () => {
    const sql = 'SELECT ServiceName, Logs FROM services ORDER BY Logs DESC, ServiceName';
    const onScreen = (): Promise<string[]> => textsOf(page, '.result-rows .result-line');
    const said = async (): Promise<string[]> => (await sqlOf(collector, sql)).map((row) => shown(row).replace(' ', '\n'));
    await page.goto(`/sql?scope=global&live=1&sql=${encodeURIComponent(sql)}`);
    await page.locator('.result[data-live="true"]').waitFor(settled);
    expect(await onScreen()).toEqual(await said());
    // What was last becomes first, so every place has another row.
    const asked: string[] = [];
    const listen = (request: Request): void => void (request.url().endsWith('/api/v1/sql') && asked.push(request.url()));
    page.on('request', listen);
    for (let sent = 0; sent < 3; sent += 1) await sendBySdk({ url: collector.url(), service: 'a-late-one' });
    await expect.poll(async () => (await onScreen())[0], settled).toContain('a-late-one');
    await expect.poll(async () => JSON.stringify(await onScreen()), settled).toBe(JSON.stringify(await said()));
    expect(asked).toEqual([]);
    page.off('request', listen);
    await page.getByRole('button', { name: 'Keep live' }).click();
    expect(page.url()).not.toContain('live=');
  });

  it('MASTER_PERF: the rows of the table, found, opened, and saved under a name that says what they are', async () => {
    await page.goto('/perf?scope=global');
    const rows = await sqlOf(collector, 'SELECT id, value FROM master_perf ORDER BY 1');
    await expect.poll(async () => (await attributesOf(page, 'data-perf')).toSorted(), settled).toEqual(rows.map(([id]) => id));
    await page.getByPlaceholder('any word of a row').fill('getObject');
    await expect.poll(() => page.locator('[data-perf]').count(), settled).toBe(1);
    expect(await page.locator('[data-perf] .perf-value').innerText()).toBe(rows.find(([id]) => id === 'r2.getObject')?.[1]);
    await page.locator('[data-perf]').click();
    await expect.poll(() => page.locator('.opened').innerText(), settled).toContain('Product pages wait');
    const download = page.waitForEvent('download');
    await page.getByRole('button', { name: 'JSON' }).click();
    const file = await download;
    expect(file.suggestedFilename()).toMatch(/^periscope-master-perf-global-\d{4}-.*\.json$/);
    const { masterPerf } = JSON.parse(await readFile(await file.path(), 'utf8')) as { masterPerf: { id: string }[] };
    expect(masterPerf.map(({ id }) => id)).toEqual(['r2.getObject']);
  });

  it('Activity: what comes in and who is refused is told of as it happens', async () => {
    await page.goto('/activity?scope=global');
    await page.getByText('Nothing has happened yet').or(page.locator('[data-event]').first()).waitFor(settled);
    await sendBySdk({ url: collector.url(), service: 'shop' });
    const refused = await fetch(`${collector.url('dashboard')}/api/v1/ledger`, { headers: { authorization: 'Bearer nobody' } });
    expect(refused.status).toBe(401);
    await expect
      .poll(() => textsOf(page, '[data-event]'), settled)
      .toEqual(expect.arrayContaining([expect.stringContaining('received'), expect.stringMatching(/failure$/)]));
    await page.getByRole('button', { name: 'auth', exact: true }).click();
    await page.getByLabel('result').selectOption('failed');
    await expect.poll(async () => (await textsOf(page, '[data-event]')).join('\n')).toMatch(/127\.0\.0\.1/);
    expect(await textsOf(page, '[data-event]')).not.toContainEqual(expect.stringContaining('received'));
  });

  it('goes by keyboard, and in the dark', async () => {
    await page.goto('/?scope=global');
    await page.locator('[data-service="shop"]').waitFor(settled);
    await page.keyboard.press('g');
    await page.keyboard.press('t');
    await expect.poll(() => new URL(page.url()).pathname).toBe('/traces');
    await page.keyboard.press('?');
    await page.getByRole('heading', { name: 'Keys' }).waitFor(settled);
    await page.keyboard.press('Escape');
    const background = (): Promise<string> => page.evaluate<string>('getComputedStyle(document.body).backgroundColor');
    const light = await background();
    await page.getByRole('button', { name: /^Colours/ }).click();
    expect(await background()).not.toBe(light);
  });

  it('fits a phone: nothing is wider than the screen', async () => {
    await page.setViewportSize({ width: 390, height: 844 });
    for (const path of ['/', '/metrics', '/logs', '/traces', '/perf', '/activity', '/sql']) {
      await page.goto(`${path}?scope=global`);
      await page.locator('.page-body').waitFor(settled);
      expect(await page.evaluate<number>('document.documentElement.scrollWidth'), path).toBeLessThanOrEqual(390);
    }
    await page.setViewportSize({ width: 1280, height: 800 });
  });

  it('never asked another origin for anything, and no policy was broken', () => {
    expect(watched.faults).toEqual([]);
  });
});

describe.skipIf(browserMissing)(`two browsers of two scopes${browserNote}`, () => {
  it('see nothing of each other', async () => {
    const auth = `auth: { tokens: { secret: '${SECRET}' } }`;
    await using collector = await Collector.start(dashboardYaml({ auth }));
    const tenants = ['ENTERPRISE', 'DEVELOPMENT'] as const;
    const views = await Promise.all(
      tenants.map(async (scope) => {
        const token = await tokenOf({ claims: { sub: scope, scopes: [scope], permissions: ['ingest', 'query', 'stream'] } });
        await sendBySdk({ url: collector.url(), service: `shop-of-${scope}`, headers: { authorization: `Bearer ${token}` } });
        const watched = await watchedPage(browser, collector.url('dashboard'), { allowed: /40[13]/ });
        await watched.page.goto('/');
        await watched.page.getByLabel('Token').fill(token);
        await watched.page.getByRole('button', { name: 'Sign in' }).click();
        return { scope, ...watched };
      }),
    );
    for (const { scope, page, context, faults } of views) {
      await page.locator(`[data-service="shop-of-${scope}"]`).waitFor(settled);
      const other = tenants.find((each) => each !== scope) ?? '';
      for (const path of ['/', '/metrics', '/logs', '/traces', '/activity']) {
        await page.goto(path);
        await page.getByText(new RegExp(scope)).first().waitFor(settled);
        await page.waitForTimeout(1500);
        expect(await page.content(), path).not.toContain(other);
      }
      expect(await page.locator('.scope-name').innerText()).toBe(scope);
      for (const target of [`/api/v1/tables?scope=${other}`, `/api/v1/ledger?scope=${other}`])
        expect((await page.request.get(target)).status()).toBe(403);
      await page.goto(`/?scope=${other}`);
      await page.locator(`[data-service="shop-of-${scope}"]`).waitFor(settled);
      expect(await page.content()).not.toContain(`shop-of-${other}`);
      expect(faults).toEqual([]);
      await context.close();
    }
  });
});

describe.skipIf(browserMissing)(`a page whose collector goes away${browserNote}`, () => {
  it('says so, keeps what it has, and goes on when another is there', async () => {
    // One that took port 0 leaves it closed for a minute.
    const yaml = dashboardYaml({ endpoint: `127.0.0.1:${await freePort()}` });
    const first = await Collector.start(yaml);
    const base = first.url('dashboard');
    const { page, context } = await watchedPage(browser, base);
    try {
      await sendBySdk({ url: first.url(), service: 'shop' });
      await page.goto(await linkOf(first));
      await page.locator('[data-service="shop"]').waitFor(settled);
      await first.stop('SIGKILL');
      await page.getByText('No connection to the collector').waitFor(settled);
      expect(await page.locator('[data-service="shop"]').count()).toBe(1);
      await using _second = await Collector.start(yaml);
      await page.getByText('No connection to the collector').waitFor({ state: 'detached', ...settled });
      // A session lives as long as its collector: the new one does not know the browser.
      await page.getByRole('button', { name: 'Sign in' }).waitFor(settled);
    } finally {
      await context.close();
      await first[Symbol.asyncDispose]();
    }
  });

  it('is empty at first, and says what to do next', async () => {
    await using collector = await Collector.start(dashboardYaml());
    const { page, context, faults } = await watchedPage(browser, collector.url('dashboard'));
    await page.goto(await linkOf(collector));
    await page.getByText('Nothing has arrived yet').waitFor(settled);
    expect((await textsOf(page, '.snippet pre')).join('\n')).toMatch(/curl -sS http[\s\S]*OTEL_EXPORTER_OTLP_ENDPOINT/);
    for (const path of ['/metrics', '/logs', '/traces']) {
      await page.goto(path);
      await page.locator('.snippet pre').first().waitFor(settled);
    }
    expect(faults).toEqual([]);
    await context.close();
  });
});
