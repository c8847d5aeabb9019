import type { JSX } from 'preact';
import { paused } from '../data/live.ts';
import { range, showHome, showRange } from '../data/place.ts';
import { clock, duration } from '../model/format.ts';
import { isNamed, RANGES } from '../model/time-range.ts';
import { Icon } from './icon.tsx';

/** Which stretch of time the page shows, and whether it moves. */
export function RangePicker(): JSX.Element {
  const shown = range.value;
  return (
    <>
      {!isNamed(shown) && (
        <button type="button" class="button small" title="Back to the last minutes" onClick={showHome}>
          {shown.kind === 'fixed' ? `${clock(shown.fromMs)} – ${clock(shown.toMs)}` : `last ${duration(shown.ms * 1e6)}`}
          <Icon name="close" />
        </button>
      )}
      <div class="segments" role="group" aria-label="Time">
        {RANGES.map(({ ms, name, label }) => (
          <button
            key={name}
            type="button"
            aria-label={`Last ${label}`}
            aria-pressed={shown.kind === 'last' && shown.ms === ms}
            onClick={() => showRange({ kind: 'last', ms })}
          >
            {name}
          </button>
        ))}
      </div>
      <button
        type="button"
        class="icon-button"
        aria-pressed={paused.value}
        aria-label={paused.value ? 'Go on' : 'Pause'}
        title={paused.value ? 'Go on (Space)' : 'Pause (Space)'}
        onClick={() => {
          paused.value = !paused.value;
        }}
      >
        <Icon name={paused.value ? 'play' : 'pause'} />
      </button>
    </>
  );
}
