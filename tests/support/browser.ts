import { existsSync } from 'node:fs';
import type { Browser, BrowserContext, BrowserContextOptions, Page, Response } from 'playwright-core';
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
    if (message.type() !== 'error' && message.type() !== 'warning') return;
    if (!REFUSAL.test(message.text())) note(`console: ${message.text()}`);
  });
  page.on('response', (response) => {
    if (response.status() === 503)
      void refusalOf(response).then((code) => code === BUSY || note(`503 ${code}: ${response.url()}`));
  });
  page.on('request', (request) => {
    const { origin, protocol } = new URL(request.url());
    if (origin !== new URL(base).origin && !['data:', 'blob:'].includes(protocol)) note(`request to ${request.url()}`);
  });
  return { context, page, faults };
}

/** How Chromium tells of a 503; its code is in the answer. */
const REFUSAL = /^Failed to load resource: the server responded with a status of 503/;
/** What a busy machine says of a question that waited too long: the panel says that it waits, and asks again. */
const BUSY = 'ANALYTICS_BUSY';

async function refusalOf(response: Response): Promise<unknown> {
  try {
    return ((await response.json()) as { code?: unknown }).code;
  } catch {
    return 'without a code';
  }
}
