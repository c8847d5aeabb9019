import { existsSync } from 'node:fs';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { CHROMIUM, openBrowser } from '../../bench/page/browser.ts';

/** For `describe.skipIf`: true on a person's machine without Chromium, never in CI, where `.ci/run` has installed it. */
export const browserMissing = !existsSync(CHROMIUM);
export const browserNote = browserMissing ? ' (skipped: Chromium is not installed; bash .ci/run installs it)' : '';
if (browserMissing && process.env['CI'] === 'true') throw new Error('cannot test the page: Chromium is missing; see .ci/run');

export { openBrowser };

/** A page that remembers what it should not do. */
export interface Watched {
  readonly context: BrowserContext;
  readonly page: Page;
  /** Errors on the console and in scripts, requests to other origins. */
  readonly faults: string[];
}

/** A browser of its own, as far as cookies go. `allowed`: faults that the test provokes. */
export async function watchedPage(
  browser: Browser,
  base: string,
  { allowed = /^$/, ...options }: { allowed?: RegExp } & BrowserContextOptions = {},
): Promise<Watched> {
  const context = await browser.newContext({ baseURL: base, viewport: { width: 1280, height: 800 }, ...options });
  const page = await context.newPage();
  const faults: string[] = [];
  const note = (text: string): void => {
    if (!allowed.test(text)) faults.push(text);
  };
  page.on('pageerror', (error) => note(String(error.stack)));
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') note(`console: ${message.text()}`);
  });
  page.on('request', (request) => {
    const { origin, protocol } = new URL(request.url());
    if (origin !== new URL(base).origin && !['data:', 'blob:'].includes(protocol)) note(`request to ${request.url()}`);
  });
  return { context, page, faults };
}
