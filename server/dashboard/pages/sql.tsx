import type { JSX } from 'preact';
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { query, scope, type Answer, type Fault, type Rows } from '../data/api.ts';
import { download, nowMs, paused, useJson } from '../data/live.ts';
import { address, show } from '../data/place.ts';
import { useStream, type Streamed } from '../data/stream.ts';
import { clock, counted, downloadName, wholeNumber } from '../model/format.ts';
import { SQL_EXAMPLES } from '../model/sql-examples.ts';
import { name as quoteName } from '../model/sql-text.ts';
import { afterChanges, standingOptions, type StandingRows } from '../model/standing-rows.ts';
import type { Editor } from '../parts/editor.ts';
import { Icon } from '../parts/icon.tsx';
import { FaultLine, PageHead } from '../parts/panel.tsx';
import { ResultView } from '../parts/result-view.tsx';

interface TableInfo {
  readonly name: string;
  readonly comment: string;
  readonly rows: number;
  readonly columns: readonly { readonly name: string; readonly type: string; readonly comment?: string }[];
}

const TABLES_EVERY_MS = 30_000;
/** The most that the API gives; a picture has room for them, a table is read from its top. */
const CHART_ROWS = 100_000;
const isChart = (): boolean => address.value.query['as'] === 'chart';

/** What runs, and what came of it last. */
interface Running {
  readonly sql: string;
  readonly rows: Pick<Rows, 'columns' | 'rows'> | undefined;
  /** How it was asked; undefined = the rows are from the stream. */
  readonly asked: Pick<Rows, 'elapsed_ms' | 'truncated'> | undefined;
  readonly fault: Fault | undefined;
  readonly busy: boolean;
  /** When the rows came. */
  readonly atMs: number;
}

function useRunning() {
  const [state, setState] = useState<Running>({
    sql: '',
    rows: undefined,
    asked: undefined,
    fault: undefined,
    busy: false,
    atMs: 0,
  });
  const abort = useRef<AbortController>(undefined);
  const run = useCallback(async (sql: string): Promise<void> => {
    abort.current?.abort();
    const mine = new AbortController();
    abort.current = mine;
    setState((before) => ({ ...before, sql, busy: true, fault: undefined }));
    const answer: Answer<Rows> = await query(sql, mine.signal, isChart() ? CHART_ROWS : undefined);
    if (mine.signal.aborted) return;
    setState((before) =>
      answer.ok
        ? { sql, rows: answer.value, asked: answer.value, fault: undefined, busy: false, atMs: nowMs() }
        : { ...before, sql, fault: answer.fault, busy: false },
    );
  }, []);
  useEffect(() => () => abort.current?.abort(), []);
  const cancel = (): void => {
    abort.current?.abort();
    setState((before) => ({ ...before, busy: false }));
  };
  const show = (sql: string, rows: StandingRows): void =>
    setState((before) =>
      before.sql === sql ? { ...before, rows: rows as Running['rows'], asked: undefined, atMs: nowMs() } : before,
    );
  return { ...state, run, cancel, show };
}

/** Keeps the query open that has just answered: its rows change when what they are made of does. */
function useStanding({ sql, rows, busy, fault, show }: ReturnType<typeof useRunning>, live: boolean): Streamed {
  const standing = useRef<StandingRows>(undefined);
  const mayStand = live && !paused.value && rows !== undefined && !busy && fault === undefined;
  return useStream('sql', mayStand ? standingOptions(sql) : undefined, (data) => {
    standing.current = afterChanges(standing.current, data);
    if (standing.current !== undefined) show(sql, standing.current);
  });
}

export function Sql(): JSX.Element {
  const { sql: asked = '', live: liveText = '' } = address.value.query;
  const live = liveText === '1';
  const running = useRunning();
  const { refused } = useStanding(running, live);
  const tables = useJson<{ readonly tables: readonly TableInfo[] }>(
    scope.value === '' ? undefined : '/api/v1/tables',
    TABLES_EVERY_MS,
  );
  const editor = useRef<Editor>(undefined);
  const first = asked === '' ? (SQL_EXAMPLES[0]?.sql ?? '') : asked;
  const run = useCallback((): void => {
    const text = editor.current?.text().trim() ?? '';
    if (text === '') return;
    show({ sql: text, view: text === address.peek().query['sql'] ? address.peek().query['view'] : undefined });
    void running.run(text);
  }, []);
  const host = useEditor(editor, first, run);
  useEffect(() => {
    editor.current?.know(
      Object.fromEntries((tables.value?.tables ?? []).map((table) => [table.name, table.columns.map(({ name }) => name)])),
    );
  }, [tables.value]);
  useEffect(() => {
    if (asked === '' || scope.value === '' || asked === running.sql) return;
    editor.current?.replace(asked);
    void running.run(asked);
  }, [asked, scope.value]);
  const { truncated } = running.asked ?? {};
  const isShort = isChart() && truncated?.by === 'rows' && truncated.limit < CHART_ROWS;
  useEffect(() => {
    if (isShort) void running.run(running.sql);
  }, [isShort]);
  const choose = (sql: string): void => {
    editor.current?.replace(sql);
    run();
  };
  return (
    <>
      <SqlHead running={running} live={live} run={run} />
      <div class="page-body fills">
        <div class="sql">
          <Tables tables={tables.value?.tables ?? []} insert={(word) => editor.current?.insert(word)} />
          <div class="sql-main">
            <div class="panel editor" ref={host} data-sql={running.sql} />
            <div class="row wrap examples">
              {SQL_EXAMPLES.map(({ name, sql }) => (
                <button key={name} type="button" class="button small" onClick={() => choose(sql)}>
                  {name}
                </button>
              ))}
            </div>
            <FaultLine fault={running.fault ?? tables.fault} />
            {live && refused !== undefined && (
              <FaultLine fault={{ status: 400, code: '', message: `not kept live: ${refused}` }} />
            )}
            <Outcome running={running} live={live && refused === undefined} />
          </div>
        </div>
      </div>
    </>
  );
}

interface SqlHeadProps {
  readonly running: ReturnType<typeof useRunning>;
  readonly live: boolean;
  readonly run: () => void;
}

function SqlHead({ running, live, run }: SqlHeadProps): JSX.Element {
  return (
    <PageHead title="SQL" sub="one SELECT over the last minutes of this scope">
      <button
        type="button"
        class="button"
        aria-pressed={live}
        onClick={() => show({ live: live ? '' : '1' }, true)}
        title="Follow its rows as they change"
      >
        <span class={`dot ${live ? 'good beats' : ''}`} /> Keep live
      </button>
      <Downloads running={running} />
      {running.busy ? (
        <button type="button" class="button" onClick={running.cancel}>
          <Icon name="close" /> Cancel
        </button>
      ) : (
        <button type="button" class="button primary" onClick={run} title="Ctrl Enter">
          <Icon name="play" /> Run
        </button>
      )}
    </PageHead>
  );
}

/** The editor comes in a chunk of its own; until it is there the text can be read. */
function useEditor(editor: { current: Editor | undefined }, first: string, run: () => void) {
  const host = useRef<HTMLDivElement>(null);
  useEffect(() => {
    let left = false;
    void import('../parts/editor.ts').then(({ openEditor }) => {
      if (left || host.current === null) return;
      editor.current = openEditor(host.current, first, run);
      host.current.dataset['ready'] = 'true';
    });
    return () => {
      left = true;
      editor.current?.close();
      editor.current = undefined;
    };
  }, []);
  return host;
}

function Downloads({ running: { sql, rows } }: { readonly running: Running }): JSX.Element {
  const save = (format: 'csv' | 'json'): void => void download(downloadName('query', scope.peek(), nowMs(), format), sql, format);
  return (
    <>
      {(['csv', 'json'] as const).map((format) => (
        <button key={format} type="button" class="button" disabled={rows === undefined} onClick={() => save(format)}>
          <Icon name="download" /> {format.toUpperCase()}
        </button>
      ))}
    </>
  );
}

function Outcome({ running, live }: { readonly running: Running; readonly live: boolean }): JSX.Element {
  const { rows, busy, asked, atMs } = running;
  if (rows === undefined) return <p class="quiet-note">{busy ? 'Running …' : 'Ctrl Enter runs it.'}</p>;
  const count = rows.rows.length;
  return (
    <div class={`panel fills-rest result ${busy ? 'stale' : ''}`} data-rows={count} data-live={live && asked === undefined}>
      <ResultView
        rows={rows}
        note={
          <>
            {counted(count, 'row')}
            {asked === undefined ? `, last changed ${clock(atMs)}` : ` in ${milliseconds(asked.elapsed_ms)}`}
            {asked !== undefined && asked.truncated !== null && (
              <span class="warn">
                {' '}
                · cut at {wholeNumber(asked.truncated.limit)} {asked.truncated.by}
              </span>
            )}
          </>
        }
      />
    </div>
  );
}
const milliseconds = (elapsed: number): string => `${elapsed < 10 ? elapsed.toFixed(1) : Math.round(elapsed)} ms`;

function Tables({
  tables,
  insert,
}: {
  readonly tables: readonly TableInfo[];
  readonly insert: (word: string) => void;
}): JSX.Element {
  return (
    <nav class="panel tables" aria-label="Tables">
      {tables.map((table) => (
        <details key={table.name}>
          <summary title={table.comment}>
            <span class="mono cut">{table.name}</span>
            <span class="muted num">{wholeNumber(table.rows)}</span>
          </summary>
          <ul>
            {table.columns.map(({ name, type, comment }) => (
              <li key={name}>
                <button
                  type="button"
                  class="column"
                  title={comment === undefined || comment === '' ? type : comment}
                  onClick={() => insert(quoteName(name))}
                >
                  <span class="mono cut">{name}</span>
                  <span class="muted cut">{type.toLowerCase()}</span>
                </button>
              </li>
            ))}
          </ul>
        </details>
      ))}
    </nav>
  );
}
