import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { linkTo } from '../data/place.ts';
import { serviceColour } from '../data/services.ts';
import { clock } from '../model/format.ts';
import type { LogRow } from '../model/log-rows.ts';
import { severityTone } from '../model/palette.ts';
import { Facts } from './facts.tsx';
import { VirtualList } from './virtual-list.tsx';

interface LogListProps {
  readonly rows: readonly LogRow[];
  /** Adds a condition to the search. */
  readonly onChoose?: (key: string, value: string) => void;
}

/** Log records, newest first; one opens to everything it holds. */
export function LogList({ rows, onChoose }: LogListProps): JSX.Element {
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const toggle = ({ key }: LogRow): void => {
    const next = new Set(open);
    if (!next.delete(key)) next.add(key);
    setOpen(next);
  };
  return (
    <VirtualList
      label="Log records"
      items={rows}
      keyOf={({ key }) => key}
      rowHeight={27}
      onOpen={toggle}
      isOpen={({ key }) => open.has(key)}
      class="logs"
    >
      {(row) => (
        <>
          <div class={`log-line ${severityTone(row.severity)}`}>
            <time class="mono muted" dateTime={row.time} title={row.time}>
              {clock(row.ms, true)}
            </time>
            <span class={`log-level ${severityTone(row.severity)}`}>{row.level}</span>
            <span class="log-service cut" title={row.service}>
              <span class="swatch" style={{ background: `var(${serviceColour(row.service)})` }} />
              {row.service}
            </span>
            <span class="log-body mono cut">{row.body === '' && row.event !== '' ? row.event : row.body}</span>
            {row.trace !== '' && (
              <a
                class="log-trace"
                href={linkTo('/traces', { trace: row.trace, ...(row.span === '' ? {} : { span: row.span }) })}
                title="Open its trace"
              >
                trace
              </a>
            )}
          </div>
          {open.has(row.key) && <Opened row={row} onChoose={onChoose} />}
        </>
      )}
    </VirtualList>
  );
}

function Opened({ row, onChoose }: { readonly row: LogRow; readonly onChoose: LogListProps['onChoose'] }): JSX.Element {
  const choose = onChoose === undefined ? {} : { onChoose };
  const ids = { time: row.time, severity: `${row.level} (${row.severity})`, event: row.event, trace: row.trace, span: row.span };
  return (
    <div class="opened">
      <pre class="log-whole">{row.body}</pre>
      <div class="facts-columns">
        <Facts title="Attributes" facts={row.attributes} {...choose} />
        <Facts title="Resource" facts={row.resource} {...choose} />
        <Facts title="Record" facts={Object.fromEntries(Object.entries(ids).filter(([, value]) => value !== ''))} />
      </div>
    </div>
  );
}
