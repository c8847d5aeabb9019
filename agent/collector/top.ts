import { StartError } from '../../pipeline/errors.ts';
import { StreamClient, type StreamState } from '../../server/client.ts';
import {
  gaugeChanges,
  logChanges,
  spanChanges,
  topChanges,
  type GaugeRow,
  type LogRow,
  type SpanRow,
} from '../../server/dashboard/model/changes.ts';
import * as queries from '../../server/dashboard/model/overview-queries.ts';
import { STREAM_PATH } from '../../server/stream/protocol.ts';
import { openFullScreen, type ScreenInput, type ScreenOutput } from '../terminal/full-screen.ts';
import { surfaceOf } from '../terminal/surface.ts';
import { Overview, SERVICES_QUERY, type LedgerAnswer } from '../top/overview.ts';
import { drawOverview, type Frame } from '../top/screen.ts';
import { apiClient, type ApiClient, type ApiOptions } from './api-client.ts';

export interface TopOutput extends ScreenOutput {
  readonly isTTY?: boolean | undefined;
}

const REDRAW_MS = 1000;
const CHANGES_MS = 10_000;
const CHANGES_SHOWN = 20;
const ANSWER_MS = 5000;
/** Of a terminal that does not say. */
const LINES_DEFAULT = 24;
const VERB = 'show the overview';

/**
 * `periscope top`: what arrives, who sends it, where it goes and what is not as it was, of one scope. On a terminal live
 * until `q`, Ctrl-C or `signal`; for a program once. Resolves to the exit code.
 */
export async function showTop(
  options: ApiOptions,
  out: TopOutput,
  input: ScreenInput | undefined,
  signal: AbortSignal,
): Promise<number> {
  // Where no collector runs this says so, before anything is drawn.
  const { scope, ...look } = await scopeOf(await apiClient(options), options.scope);
  const watch = new Watch(await apiClient({ ...options, scope }), scope);
  await watch.readLedger(true);
  watch.start();
  try {
    if (surfaceOf(out, process.env).isTerminal) await follow(watch, look, out, input, signal);
    else await printOnce(watch, look, out, signal);
  } finally {
    watch.stop();
  }
  return 0;
}

type Look = Pick<Frame, 'icon' | 'colour'>;

/** The scope that is named, else the collector's own or the only one of the token, and how it looks elsewhere. */
async function scopeOf(api: ApiClient, named: string | undefined): Promise<Look & { readonly scope: string }> {
  const response = await api.get('/api/v1/scopes', VERB, AbortSignal.timeout(ANSWER_MS));
  const { runsAs, scopes } = (await response.json()) as { runsAs?: string; scopes: (Look & { scope: string })[] };
  const scope = named ?? runsAs ?? (scopes.length === 1 ? scopes[0]?.scope : undefined);
  if (scope === undefined)
    throw new StartError(`cannot ${VERB}: the token is for ${scopes.map((each) => each.scope).join(', ')}; say --scope`);
  const { icon, colour } = scopes.find((each) => each.scope === scope) ?? {};
  return { scope, icon, colour };
}

async function follow(
  watch: Watch,
  look: Look,
  out: TopOutput,
  input: ScreenInput | undefined,
  signal: AbortSignal,
): Promise<void> {
  await new Promise<void>((resolve) => {
    if (signal.aborted) return resolve();
    const draw = (): void => {
      const surface = surfaceOf(out, process.env);
      const frame = { url: watch.url, nowMs: Date.now(), height: out.rows ?? LINES_DEFAULT, ...look };
      screen.draw(drawOverview(watch.overview, frame, surface));
    };
    const end = (): void => {
      clearInterval(timer);
      signal.removeEventListener('abort', end);
      screen.close();
      resolve();
    };
    const screen = openFullScreen(out, input, { quit: end, resized: draw });
    const timer = setInterval(draw, REDRAW_MS);
    signal.addEventListener('abort', end);
    draw();
  });
}

/** As soon as everything was told once, and the ledger twice, for the rates; what never comes is not waited for. */
async function printOnce(watch: Watch, look: Look, out: TopOutput, signal: AbortSignal): Promise<void> {
  const untilMs = Date.now() + ANSWER_MS;
  while (!watch.isComplete && Date.now() < untilMs && !signal.aborted) await watch.news();
  const lines = drawOverview(watch.overview, { url: watch.url, nowMs: Date.now(), ...look }, surfaceOf(out, process.env));
  out.write(`${lines.join('\n')}\n`);
}

/** Reads what the overview is made of, again and again. A reading that fails leaves what was there, and a note. */
class Watch {
  readonly overview: Overview;
  readonly #api: ApiClient;
  readonly #stream: StreamClient;
  readonly #stopped = new AbortController();
  readonly #timers = new Set<NodeJS.Timeout>();
  #tell: () => void = () => {};

  constructor(api: ApiClient, scope: string) {
    this.#api = api;
    this.overview = new Overview(scope);
    this.#stream = new StreamClient({
      url: `${api.url}${STREAM_PATH}`,
      scope,
      token: () => api.token(),
      onState: (state) => this.#streamIs(state),
    });
  }

  get url(): string {
    return this.#api.url;
  }

  get isComplete(): boolean {
    const { overview } = this;
    const { notes } = overview;
    return (
      overview.readings >= 2 &&
      (overview.hasServices || notes.services !== undefined) &&
      (overview.changes !== undefined || notes.changes !== undefined) &&
      (overview.events !== undefined || notes.activity !== undefined)
    );
  }

  start(): void {
    const { overview } = this;
    this.#every(REDRAW_MS, () => this.readLedger());
    void this.#changesRead().then(() => this.#every(CHANGES_MS, () => this.#changesRead()));
    this.#stream.subscribe('sql', SERVICES_QUERY, {
      snapshot: (data) => this.#told(() => overview.servicesAre(data, Date.now())),
      delta: (data) => this.#told(() => overview.servicesAre(data, Date.now())),
      error: ({ message }) => this.#told(() => (overview.notes.services = message)),
    });
    this.#stream.subscribe(
      'activity',
      {},
      {
        snapshot: ({ events }) => this.#told(() => overview.activityIs(events, true)),
        delta: ({ events }) => this.#told(() => overview.activityIs(events, false)),
        error: ({ message }) => this.#told(() => (overview.notes.activity = message)),
      },
    );
    this.#stream.connect();
  }

  stop(): void {
    this.#stopped.abort();
    for (const timer of this.#timers) clearTimeout(timer);
    this.#stream.close();
  }

  /** Resolves when something was told, or after a little while. */
  news(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, REDRAW_MS / 10);
      this.#tell = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** `first`: rejects where there is no answer. */
  async readLedger(first = false): Promise<void> {
    const { overview } = this;
    try {
      const response = await this.#api.get('/api/v1/ledger', VERB, this.#soon());
      overview.readLedger((await response.json()) as LedgerAnswer, Date.now());
    } catch (error) {
      if (first) throw error;
      overview.notes.ledger = messageOf(error);
    }
    this.#tell();
  }

  async #changesRead(): Promise<void> {
    const { overview } = this;
    try {
      // By the collector's clock, as its tables are.
      const [now] = await this.#ask('SELECT epoch_ms(now()) AS now');
      const comparison = queries.comparison(Number(now?.['now']));
      const spans = (await this.#ask(queries.spanChanges(comparison))) as unknown as SpanRow[];
      const gauges = (await this.#ask(queries.gaugeChanges(comparison))) as unknown as GaugeRow[];
      const logs = (await this.#ask(queries.logChanges(comparison))) as unknown as LogRow[];
      overview.changes = topChanges([...spanChanges(spans), ...gaugeChanges(gauges), ...logChanges(logs)], CHANGES_SHOWN);
      overview.notes.changes = undefined;
    } catch (error) {
      overview.notes.changes = messageOf(error);
    }
    this.#tell();
  }

  /** Rows as objects by column name. */
  async #ask(sql: string): Promise<Record<string, unknown>[]> {
    const response = await this.#api.post('/api/v1/sql', { sql, format: 'json' }, VERB, this.#soon());
    const { columns, rows } = (await response.json()) as { columns: { name: string }[]; rows: unknown[][] };
    return rows.map((row) => Object.fromEntries(columns.map(({ name }, at) => [name, row[at]])));
  }

  /** Again and again, `everyMs` after the last one has ended. */
  #every(everyMs: number, work: () => Promise<void>): void {
    if (this.#stopped.signal.aborted) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      void work().then(() => this.#every(everyMs, work));
    }, everyMs);
    this.#timers.add(timer);
  }

  #streamIs(state: StreamState): void {
    if (state.kind !== 'waiting' && state.kind !== 'ended') return;
    const { notes } = this.overview;
    notes.services = `no live stream: ${state.why}`;
    notes.activity = notes.services;
    this.#tell();
  }

  #told(take: () => void): void {
    take();
    this.#tell();
  }

  #soon(): AbortSignal {
    return AbortSignal.any([this.#stopped.signal, AbortSignal.timeout(ANSWER_MS)]);
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
