import { existsSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import type { Browser } from 'playwright-core';
import { appendHistory } from '../history.ts';
import { missing, PERISCOPE_WATCH, version } from '../ingest/contenders.ts';
import { machine } from '../ingest/machine.ts';
import { settled, onStage, type Stage } from '../windows/stage.ts';
import { CHROMIUM, openBrowser } from './browser.ts';
import { gzippedBytes, pageFiles } from './page-size.ts';
import { panChart } from './pan.ts';
import { gaugeRequests, POINTS } from './points.ts';
import type { PageRecord } from './record.ts';

const STRETCH_MS = 20 * 60_000;
const WAIT_MS = 30_000;

type Round = Pick<PageRecord, 'usableMs' | 'framesPerS' | 'frameMedianMs' | 'frameP95Ms'>;

/** The dashboard in Chromium: how soon it can be used, and how a chart of 100,000 points follows the mouse. True when all went well. */
export async function page(rounds: number): Promise<boolean> {
  const absent = missing(PERISCOPE_WATCH);
  if (absent !== undefined) throw new Error(`cannot measure: ${absent}`);
  if (!existsSync(CHROMIUM)) throw new Error('cannot measure the page: Chromium is missing; bash .ci/run installs it');
  const session = new Date().toISOString();
  await onStage(
    async (stage) => {
      const browser = await openBrowser();
      try {
        const toMs = Date.now() - 60_000;
        await send(stage, toMs - STRETCH_MS, toMs);
        for (let round = 0; round < rounds; round += 1) {
          const at = new Date().toISOString();
          const figures = await measure(stage, browser, toMs);
          const place = { version: version(PERISCOPE_WATCH), machine: machine(), browser: `Chromium ${browser.version()}` };
          appendHistory({
            bench: 'page',
            session,
            at,
            round,
            ...place,
            points: POINTS,
            ...figures,
            gzipBytes: gzippedBytes(pageFiles()),
          });
          console.log(
            `page ${round}: usable after ${figures.usableMs.toFixed(0)} ms; ${figures.framesPerS.toFixed(1)} frames/s while ${POINTS} points were dragged, median ${figures.frameMedianMs.toFixed(1)} ms, p95 ${figures.frameP95Ms.toFixed(1)} ms`,
          );
        }
      } finally {
        await browser.close();
      }
    },
    { ...PERISCOPE_WATCH, everyCore: true },
  );
  return true;
}

async function send({ system, client }: Stage, fromMs: number, toMs: number): Promise<void> {
  for (const body of gaugeRequests('load', fromMs, toMs)) {
    const url = `http://127.0.0.1:${system.port}/v1/metrics`;
    const answer = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    if (!answer.ok) throw new Error(`cannot send points: ${answer.status} ${await answer.text()}`);
  }
  const rows = await settled(client, POINTS);
  if (rows !== POINTS) throw new Error(`cannot use the window: it has ${rows} points of ${POINTS}`);
}

async function measure({ system, token }: Stage, browser: Browser, toMs: number): Promise<Round> {
  const base = `http://127.0.0.1:${system.apiPort}`;
  const asked = await fetch(`${base}/api/v1/ticket`, { method: 'POST', headers: { authorization: `Bearer ${token}` } });
  const { ticket } = (await asked.json()) as { ticket: string };
  const context = await browser.newContext({ baseURL: base, viewport: { width: 1280, height: 800 } });
  try {
    const opened = await context.newPage();
    const beganMs = performance.now();
    await opened.goto(`/?ticket=${ticket}`);
    await opened.locator('.page-body').waitFor({ timeout: WAIT_MS });
    const usableMs = performance.now() - beganMs;
    await opened.goto(`/metrics?scope=ENTERPRISE&metric=load&agg=points&range=${toMs - STRETCH_MS}-${toMs}`);
    await opened.locator(`[data-points="${POINTS}"]`).waitFor({ timeout: WAIT_MS });
    const { frames, seconds, medianMs, p95Ms } = await panChart(opened, 0);
    return { usableMs, framesPerS: frames / seconds, frameMedianMs: medianMs, frameP95Ms: p95Ms };
  } finally {
    await context.close();
  }
}
