import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { records, scope } from '../data/api.ts';
import { nowMs, useBuckets, useJson, useRows } from '../data/live.ts';
import { pageHand } from '../data/hand.ts';
import { linkTo } from '../data/place.ts';
import { serviceColour } from '../data/services.ts';
import { isRoutine } from '../model/activity-events.ts';
import {
  logChanges,
  gaugeChanges,
  spanChanges,
  topChanges,
  type Change,
  type GaugeRow,
  type LogRow,
  type SpanRow,
} from '../model/changes.ts';
import { ago, duration, shortNumber, wholeNumber } from '../model/format.ts';
import {
  acceptedBySignal,
  exporterBalances,
  intakeBalance,
  ratesBetween,
  type Balance,
  type Ledger,
  type Reading,
} from '../model/ledger.ts';
import * as queries from '../model/overview-queries.ts';
import { SIGNAL_COLOURS } from '../model/palette.ts';
import { gridOf } from '../model/series.ts';
import { Chart } from '../parts/chart.tsx';
import { NothingSent } from '../parts/empty.tsx';
import { FaultLine, PageHead, Panel } from '../parts/panel.tsx';
import { RangePicker } from '../parts/range.tsx';
import { EventLine, useActivity } from './activity.tsx';

const LEDGER_EVERY_MS = 1000;
const EVERY_MS = 5000;
/** Until something has come. */
const FIRST_EVERY_MS = 500;

/** What is there, how much of it, whether it adds up, and what is not as it was. */
export function Overview(): JSX.Element {
  const ledger = useJson<Ledger>('/api/v1/ledger', LEDGER_EVERY_MS);
  const rates = useRates(ledger.value);
  const nothing = ledger.value !== undefined && Object.values(acceptedBySignal(ledger.value)).every((count) => count === 0);
  return (
    <>
      <PageHead title="Overview">
        <RangePicker />
      </PageHead>
      <div class="page-body overview">
        <FaultLine fault={ledger.fault} />
        {nothing && (
          <Panel title="Nothing has arrived yet">
            <NothingSent signal="metrics" what="data" />
          </Panel>
        )}
        <div class="overview-top">
          <Arrivals rates={rates} />
          <Ledgers ledger={ledger.value} />
        </div>
        <div class="overview-rest">
          <Services />
          <Changes />
        </div>
        <Recent />
      </div>
    </>
  );
}

/** Items per second by signal, from two looks at the ledger. */
function useRates(ledger: Ledger | undefined): Readonly<Record<string, number>> | undefined {
  const before = useRef<Reading & { readonly scope: string }>(null);
  const [rates, setRates] = useState<Readonly<Record<string, number>>>();
  useEffect(() => {
    if (ledger === undefined) return;
    const after = { atMs: performance.now(), accepted: acceptedBySignal(ledger), scope: scope.peek() };
    if (before.current?.scope === after.scope) setRates(ratesBetween(before.current, after));
    before.current = after;
  }, [ledger]);
  return rates;
}

const BUCKETS = 90;
const SIGNALS = ['metrics', 'traces', 'logs'];
const ITEM_NAMES: Readonly<Record<string, string>> = { metrics: 'points', traces: 'spans', logs: 'records' };

function Arrivals({ rates }: { readonly rates: Readonly<Record<string, number>> | undefined }): JSX.Element {
  const { step, stretch, whole, bucketsOf } = useBuckets(BUCKETS);
  const live = useRows((asked) => queries.arrivals(whole(asked), step), [step], EVERY_MS, FIRST_EVERY_MS);
  const had = bucketsOf(live.value);
  const rows =
    live.value === undefined
      ? []
      : records(live.value).map((row) => [Number(row['t']), String(row['signal']), Number(row['items']) / had.step] as const);
  const { xs, lines } = gridOf(rows, { ...had, absent: 'zero' });
  const ordered = SIGNALS.flatMap((signal) => {
    const line = lines.find(({ name }) => name === signal);
    return line === undefined ? [] : [{ ...line, colour: SIGNAL_COLOURS[signal] ?? '--ink-3' }];
  });
  const total = Object.values(rates ?? {}).reduce((sum, rate) => sum + rate, 0);
  return (
    <Panel title="Items per second" note={`each bar ${step} s`} class="arrivals">
      <div class="arrivals-figures">
        <div class="figure">
          <span class="figure-value" data-figure="rate">
            {rates === undefined ? '–' : shortNumber(Math.round(total))}
          </span>
          <span class="figure-name">now, all signals</span>
        </div>
        {SIGNALS.map((signal) => (
          <div key={signal} class="figure small">
            <span class="figure-value">{rates === undefined ? '–' : shortNumber(Math.round(rates[signal] ?? 0))}</span>
            <span class="figure-name">
              <span class="swatch" style={{ background: `var(${SIGNAL_COLOURS[signal]})` }} /> {ITEM_NAMES[signal]}
            </span>
          </div>
        ))}
      </div>
      <FaultLine fault={live.fault} />
      <Chart
        label="Items per second by signal"
        kind="bars"
        height={170}
        xs={xs}
        lines={ordered}
        stretch={stretch}
        fromZero
        format={shortNumber}
        hand={pageHand(stretch)}
      />
    </Panel>
  );
}

/** What came equals what became of it: each place is a row whose parts make the whole. */
function Ledgers({ ledger }: { readonly ledger: Ledger | undefined }): JSX.Element {
  const balances = ledger === undefined ? [] : [intakeBalance(ledger), ...exporterBalances(ledger)];
  const balanced = balances.every((each) => each.balanced);
  return (
    <Panel
      title="Ledger"
      note={
        ledger === undefined ? (
          ''
        ) : (
          <span class={`tag ${balanced ? 'good' : 'bad'}`}>{balanced ? 'balances to the item' : 'does not balance'}</span>
        )
      }
    >
      <div class="balances" data-balanced={balanced}>
        {balances.map((each, at) => (
          <BalanceRow key={each.name} balance={each} first={at === 0} />
        ))}
      </div>
    </Panel>
  );
}

function BalanceRow({ balance, first }: { readonly balance: Balance; readonly first: boolean }): JSX.Element {
  const { name, whole, parts, reasons } = balance;
  const shown = parts.filter(({ count, tone }) => count > 0 || tone === 'good');
  return (
    <div class="balance" data-place={name}>
      <div class="balance-line">
        <span class="balance-name">{first ? 'received' : name}</span>
        <b class="balance-whole">{wholeNumber(whole)}</b>
        <span class="muted">=</span>
        {shown.map((part, at) => (
          <span key={part.name} class="nowrap">
            {at > 0 && <span class="muted">+ </span>}
            <span class={part.tone === 'quiet' ? 'soft' : part.tone}>{wholeNumber(part.count)}</span>{' '}
            <span class="muted">{part.name}</span>
          </span>
        ))}
      </div>
      <div class="balance-bar" aria-hidden="true">
        {whole > 0 &&
          shown.map((part) => (
            <span
              key={part.name}
              class={`part ${part.tone}`}
              style={{ flexGrow: part.count / whole, minWidth: part.count > 0 ? '2px' : '0' }}
            />
          ))}
      </div>
      {reasons.length > 0 && (
        <div class="balance-reasons">
          {reasons.slice(0, 4).map(([reason, count]) => (
            <span key={reason} class="tag">
              {reason.replaceAll('_', ' ')} <b>{shortNumber(count)}</b>
            </span>
          ))}
        </div>
      )}
    </div>
  );
}

function Services(): JSX.Element {
  const live = useRows(() => queries.services(), [], EVERY_MS, FIRST_EVERY_MS);
  const timing = useRows(queries.latencies, []);
  const rows = live.value === undefined ? [] : records(live.value);
  const timed = new Map((timing.value === undefined ? [] : records(timing.value)).map((row) => [row['service'], row]));
  return (
    <Panel title="Services" note={live.value === undefined ? '' : `${rows.length}`} flush class="services">
      <FaultLine fault={live.fault} />
      <div class="scrolls">
        <table class="table">
          <thead>
            <tr>
              <th>Service</th>
              <th class="num">Points</th>
              <th class="num">Spans</th>
              <th class="num">Logs</th>
              <th class="num">p95</th>
              <th class="num">Errors</th>
              <th class="num">Last seen</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => {
              const service = String(row['service']);
              const own = timed.get(service);
              const share = own === undefined ? 0 : Number(own['errors']) / Math.max(1, Number(own['spans']));
              return (
                <tr key={service} data-service={service}>
                  <td>
                    <a class="service" href={linkTo('/traces', { service })}>
                      <span class="swatch" style={{ background: `var(${serviceColour(service)})` }} />
                      {service === '' ? '(no name)' : service}
                    </a>
                  </td>
                  <td class="num">{shortNumber(Number(row['points']))}</td>
                  <td class="num">{shortNumber(Number(row['spans']))}</td>
                  <td class="num">{shortNumber(Number(row['logs']))}</td>
                  <td class="num">{own === undefined ? <span class="muted">–</span> : duration(Number(own['p95']))}</td>
                  <td class={`num ${share >= 0.05 ? 'bad' : share > 0 ? 'warn' : 'muted'}`}>
                    {own === undefined ? '–' : `${(share * 100).toFixed(1)}%`}
                  </td>
                  <td class="num muted nowrap">{ago(Number(row['last']), nowMs())}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}

const RECENT = 6;

function Recent(): JSX.Element {
  const { lines, refused, told } = useActivity();
  const news = lines.filter((line) => !isRoutine(line));
  return (
    <Panel title="Recent activity" note={<a href={linkTo('/activity')}>all</a>} flush>
      {news.length === 0 ? (
        <p class="quiet-note">{refused ?? (told ? 'Nothing out of the ordinary.' : 'Listening …')}</p>
      ) : (
        news.slice(0, RECENT).map((line) => <EventLine key={line.key} line={line} />)
      )}
    </Panel>
  );
}

const CHANGES_EVERY_MS = 10_000;
const CHANGES_SHOWN = 6;
const KIND_WORDS: Readonly<Record<Change['kind'], string>> = {
  latency: 'p95',
  errors: 'errors',
  traffic: 'rate',
  gauge: 'value',
  logs: 'logs',
};

function Changes(): JSX.Element {
  const spans = useRows(() => queries.spanChanges(queries.comparison(nowMs())), [], CHANGES_EVERY_MS);
  const gauges = useRows(() => queries.gaugeChanges(queries.comparison(nowMs())), [], CHANGES_EVERY_MS);
  const logs = useRows(() => queries.logChanges(queries.comparison(nowMs())), [], CHANGES_EVERY_MS);
  const rowsOf = <Row,>(live: typeof spans): Row[] => (live.value === undefined ? [] : (records(live.value) as unknown as Row[]));
  const top = topChanges(
    [...spanChanges(rowsOf<SpanRow>(spans)), ...gaugeChanges(rowsOf<GaugeRow>(gauges)), ...logChanges(rowsOf<LogRow>(logs))],
    CHANGES_SHOWN,
  );
  const link = ({ kind, service, name }: Change): string => {
    if (kind === 'gauge') return linkTo('/metrics', { metric: name, service });
    if (kind === 'logs') return linkTo('/logs', { service, severity: 'error' });
    return linkTo('/traces', { service, q: `name:"${name}"`, ...(kind === 'errors' ? { errors: '1' } : {}) });
  };
  return (
    <Panel title="What changed most" note="last 2 minutes against the 10 before" flush>
      <FaultLine fault={spans.fault ?? gauges.fault ?? logs.fault} />
      {top.length === 0 ? (
        <p class="quiet-note">{spans.loading ? 'Looking …' : 'All is as it was.'}</p>
      ) : (
        <ul class="changes">
          {top.map((each) => (
            <li key={`${each.kind}${each.service}${each.name}`}>
              <a href={link(each)}>
                <span class="swatch" style={{ background: `var(${serviceColour(each.service)})` }} />
                <span class="change-what">
                  <span class="cut">{each.name}</span>
                  <span class="muted cut">
                    {each.service} · {KIND_WORDS[each.kind]}
                  </span>
                </span>
                <span class="change-values nowrap">
                  <span class="muted">{each.before}</span> → <b>{each.after}</b>
                </span>
                <span class={`tag ${each.worse ? 'bad' : 'good'}`}>{each.words}</span>
              </a>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}
