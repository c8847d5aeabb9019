import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import type { Collector } from './collector.ts';

export interface DashboardParts {
  /** YAML of `auth`; senders then need a token, too. */
  readonly auth?: string;
  /** Of the dashboard. */
  readonly endpoint?: string;
  /** With rows of MASTER_PERF about the collector itself. */
  readonly ownPerf?: boolean;
}

/** A collector whose data is kept in windows, streamed, and shown by the dashboard. */
export function dashboardYaml({ auth = '', endpoint = '127.0.0.1:0', ownPerf = false }: DashboardParts = {}): string {
  const pipelineOf = (receivers: string): string =>
    `{ receivers: [${receivers}], processors: [scope, sanitize], exporters: [windows, live] }`;
  const pipeline = pipelineOf('otlp');
  return `
receivers: { otlp: { protocols: { http: { endpoint: 127.0.0.1:0${auth === '' ? '' : ', auth: token'} } } }${ownPerf ? ', master_perf: ' : ''} }
processors: { scope: , sanitize: }
exporters: { windows: , live: }
extensions: { dashboard: { endpoint: ${endpoint} } }
${auth}
service:
  extensions: [dashboard]
  pipelines: { metrics: ${pipeline}, traces: ${pipeline}, logs: ${ownPerf ? pipelineOf('otlp, master_perf') : pipeline} }
`;
}

export async function ownerToken(collector: Collector): Promise<string> {
  return (await readFile(`${collector.folder}/.periscope/token`, 'utf8')).trim();
}

/** What the API answers to the token of this machine's owner. */
export async function sqlOf(collector: Collector, sql: string): Promise<unknown[][]> {
  const response = await fetch(`${collector.url('dashboard')}/api/v1/sql`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${await ownerToken(collector)}`,
      'x-dashboard-scope': 'global',
      'content-type': 'application/json',
    },
    body: JSON.stringify({ sql, format: 'json' }),
  });
  const answer = (await response.json()) as { rows?: unknown[][]; detail?: string };
  if (answer.rows === undefined) throw new Error(answer.detail);
  return answer.rows;
}

/** The one that the start prints; good once. */
export async function linkOf(collector: Collector): Promise<string> {
  const [link] = await collector.says(/http:\/\/\S+\?ticket=\S+/);
  return link;
}

export const textsOf = (page: Page, selector: string): Promise<string[]> => page.locator(selector).allInnerTexts();
export const attributesOf = (page: Page, name: string): Promise<(string | null)[]> =>
  page.locator(`[${name}]`).evaluateAll((rows, attribute) => rows.map((row) => row.getAttribute(attribute)), name);
