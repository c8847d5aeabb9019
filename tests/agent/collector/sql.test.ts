import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { completions } from '../../../agent/collector/sql-completion.ts';
import { SqlHistory } from '../../../agent/collector/sql-history.ts';
import { isWhole } from '../../../agent/collector/sql-prompt.ts';
import { resultText, type SqlBody } from '../../../agent/collector/sql-result.ts';
import { askSql, type SqlOptions } from '../../../agent/collector/sql.ts';
import { Collector } from '../../support/collector.ts';
import { QUERIED_YAML, sendShop } from '../../support/queried-collector.ts';
import { temporaryFolders } from '../../support/temporary.ts';
import { ROOT } from '../../support/tree.ts';

const folder = temporaryFolders();
let collector: Collector;
beforeAll(async () => {
  collector = await Collector.start(QUERIED_YAML);
  await sendShop(collector);
});
afterAll(() => collector[Symbol.asyncDispose]());

const options = (more: Partial<SqlOptions> = {}): SqlOptions => ({
  config: [join(collector.folder, 'periscope.yaml')],
  set: [],
  url: collector.url('dashboard'),
  ...more,
});

interface Terminal {
  readonly in: PassThrough & { isTTY?: boolean };
  readonly out: PassThrough & { isTTY?: boolean; columns?: number };
  readonly err: PassThrough;
  /** What was written to `out` so far, without what drives a terminal. */
  text(): string;
  says(pattern: RegExp): Promise<void>;
}

function terminal(isTTY: boolean): Terminal {
  const out = new PassThrough() as Terminal['out'];
  const input = new PassThrough() as Terminal['in'];
  out.isTTY = isTTY;
  input.isTTY = isTTY;
  out.columns = 100;
  let written = '';
  out.on('data', (chunk: Buffer) => (written += chunk.toString()));
  // oxlint-disable-next-line no-control-regex
  const text = (): string => written.replaceAll(/\u001b\[[0-9;?]*[A-Za-z]/g, '');
  return {
    in: input,
    out,
    err: new PassThrough(),
    text,
    async says(pattern) {
      while (!pattern.test(text())) await new Promise((resolve) => setTimeout(resolve, 10));
    },
  };
}

const never = new AbortController().signal;
async function asked(sql: string | undefined, more: Partial<SqlOptions> = {}, isTTY = false): Promise<string> {
  const streams = terminal(isTTY);
  expect(await askSql(sql, options(more), streams, never)).toBe(0);
  return streams.text();
}

describe('periscope sql', () => {
  it('draws a table for people and writes tab-separated values for programs', async () => {
    const sql = "SELECT ServiceName, count(*) AS spans FROM otel_traces WHERE ServiceName = 'cart' GROUP BY ALL";
    const drawn = await asked(sql, {}, true);
    expect(drawn).toMatch(/│ ServiceName\s+│ spans │/);
    expect(drawn).toMatch(/│ cart\s+│\s+20 │/);
    expect(drawn).toMatch(/1 row · \d+\.\d ms · global\n$/);
    expect(await asked(sql)).toBe('ServiceName\tspans\ncart\t20\n');
  });

  it('gives JSON and CSV as the API has them', async () => {
    const sql = 'SELECT count(*) AS n FROM otel_logs';
    expect(JSON.parse(await asked(sql, { json: true }))).toMatchObject({ rows: [[20]], row_count: 1, scope: 'global' });
    expect(await asked(sql, { csv: true })).toBe('n\r\n20\r\n');
  });

  it('says on stderr where CSV was cut', async () => {
    const streams = terminal(false);
    await askSql('SELECT range FROM range(20000)', options({ csv: true }), streams, never);
    expect(String(streams.err.read())).toBe('there are more rows: cut by rows; limit=10000\n');
  });

  it('reads the query from stdin where nobody sits before it', async () => {
    const streams = terminal(false);
    streams.in.end('SELECT 1 AS one');
    await askSql(undefined, options(), streams, never);
    expect(streams.text()).toBe('one\n1\n');
  });

  it('ends with the code of an interrupt when it is given up, before the query came and while it runs', async () => {
    const streams = terminal(false);
    const stop = new AbortController();
    const waiting = askSql(undefined, options(), streams, stop.signal);
    const running = askSql('SELECT count(*) FROM range(1000000) a, range(1000000) b', options(), terminal(false), stop.signal);
    setTimeout(() => stop.abort(), 200);
    expect(await Promise.all([waiting, running])).toEqual([130, 130]);
  });

  it('says what is wrong with a query, and with the collector', async () => {
    await expect(asked('SELECT nope FROM otel_logs')).rejects.toThrow(/^cannot run the query: .*nope/s);
    await expect(asked('DROP VIEW otel_logs')).rejects.toThrow(/no SELECT/);
    await expect(asked('SELECT 1', { scope: 'ELSEWHERE' })).rejects.toThrow(/^cannot run the query: /);
    await expect(asked('SELECT 1', { url: 'http://127.0.0.1:9' })).rejects.toThrow(
      /^cannot run the query: http:\/\/127\.0\.0\.1:9 does not answer .*; is the collector running\?$/,
    );
  });
});

describe('the prompt of periscope sql', () => {
  it('takes queries of several lines, lists tables, goes on after a fault, and keeps a history for its user only', async () => {
    const streams = terminal(true);
    const left = askSql(undefined, options(), streams, never);
    await streams.says(/sql> $/);
    streams.in.write('.tables\n');
    await streams.says(/│ otel_traces\s+│/);
    streams.in.write('.columns services\n');
    await streams.says(/│ ServiceName\s+│ VARCHAR/);
    streams.in.write('.columns nothing\n');
    await streams.says(/there is no table nothing/);
    streams.in.write('.help\n');
    await streams.says(/ends it/);
    streams.in.write("SELECT 'several'\n");
    await streams.says(/ {2}-> $/);
    streams.in.write("|| ' lines' AS text;\n");
    await streams.says(/│ several lines │/);
    streams.in.write('SELEC;\n');
    await streams.says(/cannot run the query: syntax error/);
    streams.in.write('SELECT 6 * 7 AS answer;\n');
    await streams.says(/│\s+42 │/);
    streams.in.write('.quit\n');
    expect(await left).toBe(0);
    const file = join(collector.folder, 'state', 'sql_history');
    expect(readFileSync(file, 'utf8')).toBe("SELECT 6 * 7 AS answer;\nSELEC;\nSELECT 'several' || ' lines' AS text;\n");
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('leaves when its input ends while a query runs, once that has been answered', async () => {
    const streams = terminal(true);
    const left = askSql(undefined, options(), streams, never);
    await streams.says(/sql> $/);
    streams.in.end('SELECT count(*) AS counted FROM range(30000) a, range(3000) b;\n');
    expect(await left).toBe(0);
    expect(streams.text()).toMatch(/│\s+90000000 │/);
  });

  it.each([
    ['SELECT 1;', true],
    ['SELECT 1; -- why', true],
    ['SELECT 1', false],
    ["SELECT ';", false],
    ['SELECT 1 AS "a;', false],
    ['SELECT 1 /* ;', false],
    ['SELECT 1 -- ;', false],
    ["SELECT 'it''s;', ';';\n", true],
  ])('takes %s for whole: %s', (typed, whole) => expect(isWhole(typed)).toBe(whole));

  it('gives up a query that runs, and what is typed, at Ctrl-C, and leaves at Ctrl-D', async () => {
    const streams = terminal(true);
    const left = askSql(undefined, options(), streams, never);
    await streams.says(/sql> $/);
    streams.in.write('SELECT count(*) FROM range(1000000) a, range(1000000) b;\n');
    await new Promise((resolve) => setTimeout(resolve, 100));
    streams.in.write('\u0003');
    await streams.says(/given up\s+sql> $/);
    streams.in.write('SELECT half');
    streams.in.write('\u0003');
    streams.in.write('SELECT 5 AS five;\n');
    await streams.says(/│\s+5 │/);
    streams.in.write('\u0004');
    expect(await left).toBe(0);
  });
});

describe('what completes a line', () => {
  const complete = completions([
    { name: 'otel_logs', columns: [{ name: 'Body' }, { name: 'SeverityText' }] },
    { name: 'services', columns: [{ name: 'ServiceName' }] },
  ]);

  it('is columns of the tables that it names, tables, and words of SQL', () => {
    expect(complete('SELECT S')).toEqual([
      ['SeverityText', 'ServiceName', 'services', 'SELECT', 'SUMMARIZE', 'sum(', 'string_agg(', 'stddev('],
      'S',
    ]);
    expect(complete('SELECT * FROM otel_logs WHERE s')[0]).not.toContain('ServiceName');
    expect(complete('FROM ote')).toEqual([['otel_logs'], 'ote']);
    expect(complete('SELECT ')).toEqual([[], '']);
    expect(complete('.c')).toEqual([['.columns'], '.c']);
    expect(complete('.columns se')).toEqual([['services'], 'se']);
  });
});

describe('the history', () => {
  it('holds each query once, the newest first, and nothing where no collector keeps state', () => {
    const at = folder();
    const history = SqlHistory.open(at);
    for (const sql of ['SELECT 1;', "SELECT\n  '--' -- why\n  ;", 'SELECT 1;']) history.add(sql);
    expect(SqlHistory.open(at).entries).toEqual(['SELECT 1;', "SELECT '--' ;"]);
    const nowhere = SqlHistory.open(join(at, 'missing'));
    nowhere.add('SELECT 1;');
    expect(SqlHistory.open(join(at, 'missing')).entries).toEqual([]);
  });
});

describe('a result', () => {
  const body = (more: Partial<SqlBody>): SqlBody => ({
    columns: [{ name: 'a', type: 'MAP(VARCHAR, VARCHAR)' }],
    rows: [],
    row_count: 0,
    elapsed_ms: 1.26,
    truncated: null,
    scope: 'global',
    ...more,
  });
  const surface = { isTerminal: true, columns: 60, colours: 'none', unicode: true } as const;

  it('says that it is empty, that it was cut, and shows what is nested as JSON', () => {
    expect(resultText(body({}), surface)).toMatch(/0 rows · 1\.3 ms · global$/);
    const cut = body({ rows: [[{ k: 'v' }], [null]], row_count: 2, truncated: { by: 'rows', limit: 2 } });
    expect(resultText(cut, surface)).toMatch(/│ \{"k":"v"\} │[\s\S]*2 rows, and there are more: cut at 2 rows/);
  });

  it('of more columns than the terminal has room for is drawn row by row', () => {
    const columns = Array.from({ length: 8 }, (_, n) => ({ name: `column_${n}\u001b`, type: 'VARCHAR' }));
    const rows = [columns.map((_, n) => `first ${n}`), columns.map((_, n) => `second ${n}`)];
    const lines = resultText(body({ columns, rows, row_count: 2 }), surface).split('\n');
    expect(lines).toContain('│ column_7\ufffd │ second 7 │');
    expect(lines).toHaveLength(4 + 16 + 1 + 1);
    expect(resultText(body({ columns, rows: [] }), surface)).toMatch(/│ column_\s+│/);
  });
});

/** The queries of docs/queries.md, by the sentence above each. */
const page = readFileSync(join(ROOT, 'docs/queries.md'), 'utf8');
const QUERIES = [...page.matchAll(/([^\n]+)\n\n```sql\n([\s\S]*?)```/g)].map(
  ([, title = '', sql = '']) => [title, sql.trim()] as const,
);

describe('docs/queries.md', () => {
  it('has twenty', () => {
    expect(QUERIES).toHaveLength(20);
  });

  it.each(QUERIES)('%s', async (_, sql) => {
    const answer = JSON.parse(await asked(sql, { json: true })) as SqlBody;
    expect(answer.row_count).toBeGreaterThan(0);
    expect(answer.rows[0]?.every((cell) => cell === null)).toBe(false);
  });
});
