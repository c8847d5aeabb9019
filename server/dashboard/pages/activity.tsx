import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { scope } from '../data/api.ts';
import { paused } from '../data/live.ts';
import { address, show } from '../data/place.ts';
import { useStream } from '../data/stream.ts';
import {
  ACTIVITY_CATEGORIES,
  activityLines,
  activityTypes,
  withEvents,
  type ActivityLine,
  type ActivityView,
} from '../model/activity-events.ts';
import { clock, timeOf, wholeNumber } from '../model/format.ts';
import { Empty } from '../parts/empty.tsx';
import { Icon, type IconName } from '../parts/icon.tsx';
import { PageHead } from '../parts/panel.tsx';
import { Choice } from '../parts/search.tsx';
import { VirtualList } from '../parts/virtual-list.tsx';

/** What has happened since the page was opened, and the last things before. */
export function useActivity(): {
  readonly lines: readonly ActivityLine[];
  readonly missed: number;
  readonly refused: string | undefined;
  readonly told: boolean;
} {
  const [lines, setLines] = useState<readonly ActivityLine[]>([]);
  const [told, setTold] = useState(false);
  useEffect(() => {
    setLines([]);
    setTold(false);
  }, [scope.value]);
  const { missed, refused } = useStream('activity', paused.value ? undefined : {}, ({ events }, fresh) => {
    setTold(true);
    // After a break the snapshot tells again what is there already.
    setLines((before) =>
      withEvents(
        fresh ? events.filter((event) => !before.some((line) => line.time === event.time && line.text === event.text)) : events,
        before,
      ),
    );
  });
  return { lines, missed, refused, told };
}

const ICONS: Readonly<Record<string, IconName>> = {
  metric: 'metrics',
  rejection: 'close',
  auth: 'leave',
  config: 'sql',
  error: 'alert',
};

export function Activity(): JSX.Element {
  const { category = '', type = '', result = '' } = address.value.query;
  const view: ActivityView = { category, type, result: result === 'ok' || result === 'failed' ? result : '' };
  const { lines, missed, refused, told } = useActivity();
  const rows = activityLines(lines, view);
  const failed = lines.filter(({ success }) => !success).length;
  return (
    <>
      <PageHead
        title="Activity"
        sub={`${wholeNumber(lines.length)} events${failed > 0 ? `, ${wholeNumber(failed)} failures` : ''}${missed > 0 ? `, ${wholeNumber(missed)} not told` : ''}`}
      >
        <button type="button" class="button" aria-pressed={paused.value} onClick={() => (paused.value = !paused.value)}>
          <Icon name={paused.value ? 'play' : 'pause'} /> {paused.value ? 'Go on' : 'Pause'}
        </button>
      </PageHead>
      <div class="page-body fills">
        <div class="row wrap">
          <div class="segments" role="group" aria-label="Category">
            {['', ...ACTIVITY_CATEGORIES].map((each) => (
              <button key={each} type="button" aria-pressed={category === each} onClick={() => show({ category: each })}>
                {each === '' ? 'all' : each}
              </button>
            ))}
          </div>
          <Choice
            name="type"
            value={type}
            options={[['', 'all'], ...activityTypes(lines).map((each) => [each, each] as const)]}
            onChange={(value) => show({ type: value })}
          />
          <Choice
            name="result"
            value={view.result}
            options={[
              ['', 'all'],
              ['ok', 'success'],
              ['failed', 'failure'],
            ]}
            onChange={(value) => show({ result: value })}
          />
        </div>
        {refused !== undefined && (
          <div class="fault" role="alert">
            <Icon name="alert" />
            {refused}
          </div>
        )}
        <div class="panel fills-rest">
          {rows.length === 0 ? (
            <Empty title={lines.length > 0 ? 'Nothing fits' : told ? 'Nothing has happened yet' : 'Listening …'}>
              <p>Rejections, sign-ins, changes of the configuration, errors and new metrics appear here as they happen.</p>
            </Empty>
          ) : (
            <VirtualList label="Activity" items={rows} keyOf={({ key }) => String(key)} rowHeight={37}>
              {(line) => <EventLine line={line} />}
            </VirtualList>
          )}
        </div>
      </div>
    </>
  );
}

const TONES: Readonly<Record<string, string>> = { CRITICAL: 'bad', ERROR: 'bad', WARN: 'warn' };

export function EventLine({ line }: { readonly line: ActivityLine }): JSX.Element {
  const tone = line.success ? '' : (TONES[line.severity] ?? 'warn');
  return (
    <div class="event-line" data-event={line.type}>
      <span class={`event-icon ${tone}`}>
        <Icon name={ICONS[line.category] ?? 'activity'} />
      </span>
      <time class="mono muted" dateTime={line.time}>
        {clock(timeOf(line.time))}
      </time>
      <span class="event-type soft cut">{line.type}</span>
      <span class="cut grow" title={line.text}>
        {line.text}
      </span>
      {line.count > 1 && <span class="tag">× {wholeNumber(line.count)}</span>}
      <span class={`tag ${line.success ? 'good' : 'bad'}`}>{line.success ? 'success' : 'failure'}</span>
    </div>
  );
}
