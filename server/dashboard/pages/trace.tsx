import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { query, records, scope, type Rows } from '../data/api.ts';
import { useLive, type Live } from '../data/live.ts';
import { address, linkTo, show } from '../data/place.ts';
import { serviceColour } from '../data/services.ts';
import { clock, counted, duration, timeOf } from '../model/format.ts';
import { logRows } from '../model/log-queries.ts';
import { logRowsOf, type LogRow } from '../model/log-rows.ts';
import { traceSpans } from '../model/trace-queries.ts';
import { spansOf, ticksOf, traceLengthNs, waterfall, type Bar, type Span } from '../model/waterfall.ts';
import { Empty } from '../parts/empty.tsx';
import { Facts } from '../parts/facts.tsx';
import { Icon } from '../parts/icon.tsx';
import { LogList } from '../parts/log-list.tsx';
import { FaultLine, PageHead } from '../parts/panel.tsx';
import { VirtualList } from '../parts/virtual-list.tsx';

/** Spans of a trace come late: while it is young it is asked for again. */
const EVERY_MS = 3000;
const LOGS = 1000;

/** Spans and logs of one trace, whenever they came. */
function useTrace(trace: string): { readonly asked: Live<Rows>; readonly logs: Live<Rows> } {
  const asked = useLive<Rows>((signal) => (scope.peek() === '' ? undefined : query(traceSpans(trace), signal)), {
    everyMs: EVERY_MS,
    on: [trace, scope.value],
  });
  const logs = useLive<Rows>(
    (signal) =>
      scope.peek() === '' ? undefined : query(logRows({ q: '', service: '', severity: '', trace }, undefined, LOGS), signal),
    { everyMs: EVERY_MS, on: [trace, scope.value] },
  );
  return { asked, logs };
}

export function Trace({ trace }: { readonly trace: string }): JSX.Element {
  const { asked, logs } = useTrace(trace);
  const [folded, setFolded] = useState<ReadonlySet<string>>(new Set());
  const spans = asked.value === undefined ? [] : spansOf(records(asked.value));
  const bars = waterfall(spans, folded);
  const top = bars[0]?.span;
  const wanted = address.value.query['span'] ?? '';
  const chosen = spans.find(({ span }) => span === wanted) ?? top;
  const found = logs.value === undefined ? [] : logRowsOf(records(logs.value)).toReversed();
  const lengthNs = traceLengthNs(spans);
  const errors = spans.filter(({ error }) => error).length;
  const fold = (id: string): void => {
    const next = new Set(folded);
    if (!next.delete(id)) next.add(id);
    setFolded(next);
  };
  useEscape(() => show({ trace: undefined, span: undefined }));
  return (
    <>
      <PageHead
        title={top === undefined ? 'Trace' : top.name}
        sub={
          top === undefined
            ? trace
            : `${top.service} · ${clock(timeOf(top.time), true)} · ${duration(lengthNs)} · ${counted(spans.length, 'span')}${errors > 0 ? ` · ${errors} with errors` : ''}`
        }
      >
        <a class="button" href={linkTo('/logs', { trace })}>
          <Icon name="logs" /> Logs
        </a>
        <a class="button" href={linkTo('/sql', { sql: traceSpans(trace) })}>
          <Icon name="sql" /> SQL
        </a>
        <button type="button" class="button" onClick={() => show({ trace: undefined, span: undefined })}>
          <Icon name="close" /> All traces
        </button>
      </PageHead>
      <div class="page-body fills">
        <FaultLine fault={asked.fault ?? logs.fault} />
        {asked.value !== undefined && spans.length === 0 && (
          <Empty title="This trace is not here">
            <p>None of its spans is in the window: it has left it, or it never came to this scope.</p>
          </Empty>
        )}
        {spans.length > 0 && (
          <div class="trace">
            <div class="panel trace-spans">
              <VirtualList
                label="Spans"
                items={bars}
                keyOf={({ span }) => span.span}
                rowHeight={27}
                onOpen={({ span }) => show({ span: span.span }, true)}
                rowClass={({ span }) => (span === chosen ? 'chosen' : '')}
                head={<Scale lengthNs={lengthNs} />}
              >
                {(bar) => <SpanLine bar={bar} lengthNs={lengthNs} fold={fold} />}
              </VirtualList>
            </div>
            <Side chosen={chosen} logs={found} />
          </div>
        )}
      </div>
    </>
  );
}

function Side({ chosen, logs }: { readonly chosen: Span | undefined; readonly logs: readonly LogRow[] }): JSX.Element {
  return (
    <div class="trace-side">
      {chosen !== undefined && <SpanFacts span={chosen} />}
      <section class="panel trace-logs" aria-label="Logs of the trace">
        <div class="panel-head">
          <h2>Logs of the trace</h2>
          <span class="note">{logs.length}</span>
        </div>
        {logs.length === 0 ? <p class="quiet-note">None carries its id.</p> : <LogList rows={logs} />}
      </section>
    </div>
  );
}

function useEscape(leave: () => void): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      const typing = event.target instanceof HTMLElement && /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
      if (event.key === 'Escape' && !typing && document.querySelector('dialog[open]') === null) leave();
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, []);
}

const TICKS = 5;

function Scale({ lengthNs }: { readonly lengthNs: number }): JSX.Element {
  return (
    <div class="span-line scale" aria-hidden="true">
      <span class="muted">Span</span>
      <span class="span-track">
        {ticksOf(lengthNs, TICKS)
          .filter((tick) => tick < lengthNs * 0.96)
          .map((tick) => (
            <span key={tick} class="tick muted" style={{ left: `${(tick / Math.max(1, lengthNs)) * 100}%` }}>
              {duration(tick)}
            </span>
          ))}
      </span>
    </div>
  );
}

const DEEPEST = 14;

function SpanLine({
  bar,
  lengthNs,
  fold,
}: {
  readonly bar: Bar;
  readonly lengthNs: number;
  readonly fold: (id: string) => void;
}): JSX.Element {
  const { span, depth, below, folded, orphan } = bar;
  const left = (span.offsetNs / Math.max(1, lengthNs)) * 100;
  const width = Math.max(0.25, (span.durationNs / Math.max(1, lengthNs)) * 100);
  const place = left + width <= 82 ? 'after' : width >= 25 ? 'inside' : 'before';
  return (
    <div class="span-line" data-span={span.span}>
      <span class="span-name" style={{ paddingLeft: `${Math.min(depth, DEEPEST) * 14}px` }}>
        {below > 0 ? (
          <button
            type="button"
            class="fold"
            aria-label={folded ? `Unfold ${below} spans` : 'Fold'}
            onClick={() => fold(span.span)}
          >
            <Icon name={folded ? 'right' : 'down'} />
          </button>
        ) : (
          <span class="fold" />
        )}
        <span class="swatch" style={{ background: `var(${serviceColour(span.service)})` }} />
        <span class="cut">
          <b class={span.error ? 'bad' : ''}>{span.name}</b> <span class="muted">{span.service}</span>
        </span>
        {folded && <span class="tag">+{below}</span>}
        {orphan && (
          <span class="tag" title="Its parent has not come">
            no parent
          </span>
        )}
      </span>
      <span class="span-track">
        <span
          class={`span-bar ${span.error ? 'failed' : ''}`}
          style={{
            left: `${left}%`,
            width: `${width}%`,
            background: span.error ? 'var(--bad)' : `var(${serviceColour(span.service)})`,
          }}
        />
        <span
          class={`span-length ${place}`}
          style={
            place === 'after' ? { left: `${left + width}%` } : { right: `${100 - left - (place === 'inside' ? width : 0)}%` }
          }
        >
          {duration(span.durationNs)}
        </span>
      </span>
    </div>
  );
}

function SpanFacts({ span }: { readonly span: Span }): JSX.Element {
  const status = span.error ? `Error${span.message === '' ? '' : `: ${span.message}`}` : '';
  const own = {
    span: span.span,
    parent: span.parent,
    kind: span.kind,
    'instrumentation scope': span.instrumentation,
    start: span.time,
  };
  return (
    <section class="panel" aria-label="Span">
      <div class="panel-head">
        <h2 class="cut">{span.name}</h2>
        <span class="note">{duration(span.durationNs)}</span>
      </div>
      <div class="panel-body span-facts">
        {status !== '' && (
          <div class="fault">
            <Icon name="alert" />
            {status}
          </div>
        )}
        <Facts title="Attributes" facts={span.attributes} />
        {span.events.map((event) => (
          <Facts
            key={`${event.time}${event.name}`}
            title={`Event ${event.name}, ${clock(timeOf(event.time), true)}`}
            facts={Object.keys(event.attributes).length === 0 ? { time: event.time } : event.attributes}
          />
        ))}
        {span.links.map((link) => (
          <p key={link.span}>
            Link to <a href={linkTo('/traces', { trace: link.trace, span: link.span })}>trace {link.trace.slice(0, 8)}</a>
          </p>
        ))}
        <Facts title="Resource" facts={span.resource} />
        <Facts title="Span" facts={Object.fromEntries(Object.entries(own).filter(([, value]) => value !== ''))} />
      </div>
    </section>
  );
}
