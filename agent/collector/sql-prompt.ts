import { createInterface } from 'node:readline';
import { surfaceOf } from '../terminal/surface.ts';
import { drawTable } from '../terminal/table.ts';
import type { ApiClient } from './api-client.ts';
import { completions } from './sql-completion.ts';
import { SqlHistory } from './sql-history.ts';
import { answer, type SqlOptions, type SqlStreams } from './sql.ts';

const FIRST = 'sql> ';
const NEXT = '  -> ';
const HELP = `SELECT … ;      ask; a query may take several lines, ; ends it
.tables         the tables and what is in them
.columns NAME   the columns of one
.help           this
.quit           leave, as Ctrl-D does; Ctrl-C gives up what is running or what is typed`;

interface Tables {
  readonly scope: string;
  readonly tables: readonly {
    readonly name: string;
    readonly rows: number;
    readonly comment: string;
    readonly columns: readonly { readonly name: string; readonly type: string; readonly comment: string }[];
  }[];
}

/** It ends with a semicolon that stands in no text, name or comment. */
export function isWhole(typed: string): boolean {
  const bare = typed.replaceAll(/'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\/\*[\s\S]*?\*\//g, '');
  return !/['"]|\/\*/.test(bare) && bare.trimEnd().endsWith(';');
}

/** Does what a line with a dot says. False: leave. */
function command(line: string, tables: Tables['tables'], { out }: SqlStreams): boolean {
  const [name = '', argument = ''] = line.split(/\s+/);
  if (name === '.quit' || name === '.exit') return false;
  const table = (titles: readonly string[], rows: readonly (readonly string[])[]): string =>
    drawTable({ columns: titles.map((title) => ({ title })), groups: [rows] }, surfaceOf(out, process.env)).text;
  const found = tables.find((each) => each.name.toLowerCase() === argument.toLowerCase());
  if (name === '.tables') {
    out.write(
      `${table(
        ['TABLE', 'WHAT'],
        tables.map((each) => [each.name, each.comment]),
      )}\n`,
    );
  } else if (name === '.columns' && found !== undefined) {
    out.write(
      `${table(
        ['COLUMN', 'TYPE', 'WHAT'],
        found.columns.map((each) => [each.name, each.type, each.comment]),
      )}\n`,
    );
  } else out.write(name === '.columns' ? `there is no table ${argument}; .tables lists them\n` : `${HELP}\n`);
  return true;
}

/** What goes wrong is said: the prompt goes on. */
async function answerOrSay(
  api: ApiClient,
  sql: string,
  options: SqlOptions,
  streams: SqlStreams,
  signal: AbortSignal,
): Promise<void> {
  try {
    await answer(api, sql, options, streams, signal);
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    streams.out.write(signal.aborted ? 'given up\n' : `${cause}\n`);
  }
}

/** Asks what is typed, until the end of input. Resolves to the exit code. */
export async function prompt(api: ApiClient, options: SqlOptions, streams: SqlStreams, signal: AbortSignal): Promise<number> {
  const { scope, tables } = (await (await api.get('/api/v1/tables', 'list the tables', signal)).json()) as Tables;
  const history = SqlHistory.open(api.storageDirectory);
  const lines = createInterface({
    input: streams.in,
    output: streams.out,
    terminal: true,
    history: [...history.entries],
    prompt: FIRST,
    completer: completions(tables),
  });
  let typed = '';
  let running: AbortController | undefined;
  let isOpen = true;
  const next = (text: string): void => {
    // Input may end while a query runs.
    if (!isOpen) return;
    lines.setPrompt(text);
    lines.prompt();
  };
  const again = (): void => {
    typed = '';
    next(FIRST);
  };
  lines.on('SIGINT', () => {
    if (running !== undefined) running.abort();
    else {
      lines.write(null, { ctrl: true, name: 'e' });
      lines.write(null, { ctrl: true, name: 'u' });
      again();
    }
  });
  const ask = async (sql: string): Promise<void> => {
    running = new AbortController();
    await answerOrSay(api, sql, options, streams, AbortSignal.any([running.signal, signal]));
    running = undefined;
  };
  streams.out.write(`${api.url}, scope ${scope}; .help explains\n`);
  lines.prompt();
  // One after the other, also where several lines come at once.
  let before: Promise<void> = Promise.resolve();
  const take = async (line: string): Promise<void> => {
    if (typed === '' && line.trim().startsWith('.')) {
      if (!command(line.trim(), tables, streams)) lines.close();
      else again();
      return;
    }
    typed = typed === '' ? line : `${typed}\n${line}`;
    if (typed.trim() === '') return again();
    if (!isWhole(typed)) return next(NEXT);
    history.add(typed);
    await ask(typed);
    again();
  };
  return new Promise((resolve) => {
    lines.on('line', (line) => (before = before.then(() => take(line))));
    signal.addEventListener('abort', () => lines.close(), { once: true });
    lines.on('close', () => {
      isOpen = false;
      void before.then(() => resolve(0));
    });
  });
}
