import { addAbortSignal, type Readable, type Writable } from 'node:stream';
import { surfaceOf } from '../terminal/surface.ts';
import { apiClient, type ApiClient, type ApiOptions } from './api-client.ts';
import { resultText, type SqlBody } from './sql-result.ts';

/** `periscope sql`: one SELECT asked of a collector that runs, or a prompt. */
export interface SqlOptions extends ApiOptions {
  readonly json?: boolean;
  readonly csv?: boolean;
}

export interface SqlStreams {
  readonly in: Readable & { readonly isTTY?: boolean | undefined };
  readonly out: Writable & { readonly isTTY?: boolean | undefined; readonly columns?: number | undefined };
  readonly err: Writable;
}

const INTERRUPTED = 130;

/** Resolves to the exit code. Without `sql`: a prompt on a terminal, else the text is read from stdin. */
export async function askSql(
  sql: string | undefined,
  options: SqlOptions,
  streams: SqlStreams,
  signal: AbortSignal,
): Promise<number> {
  const api = await apiClient(options);
  if (sql === undefined && streams.in.isTTY === true && streams.out.isTTY === true) {
    const { prompt } = await import('./sql-prompt.ts');
    return prompt(api, options, streams, signal);
  }
  try {
    await answer(api, sql ?? (await textOf(addAbortSignal(signal, streams.in))), options, streams, signal);
    return 0;
  } catch (error) {
    if (signal.aborted) return INTERRUPTED;
    throw error;
  }
}

/** Asks, and writes what comes. Rejects with a StartError in the API's words. */
export async function answer(
  api: ApiClient,
  sql: string,
  { json, csv }: SqlOptions,
  { out, err }: SqlStreams,
  signal: AbortSignal,
): Promise<void> {
  const format = csv === true ? 'csv' : 'json';
  const response = await api.post('/api/v1/sql', { sql, format }, 'run the query', signal);
  if (csv === true) {
    out.write(await response.text());
    const cut = response.headers.get('x-periscope-truncated');
    if (cut !== null) err.write(`there are more rows: cut by ${cut}\n`);
    return;
  }
  const text = await response.text();
  if (json === true) {
    out.write(text);
    return;
  }
  out.write(`${resultText(JSON.parse(text) as SqlBody, surfaceOf(out, process.env))}\n`);
}

async function textOf(stream: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk as Uint8Array));
  return Buffer.concat(chunks).toString();
}
