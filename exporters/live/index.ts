import { define } from '../../pipeline/component.ts';
import { config } from './config.ts';

export const liveExporter = define({
  kind: 'exporter',
  type: 'live',
  summary: 'Shows what passes to whoever watches the live stream of its scope.',
  signals: { metrics: 'alpha', traces: 'alpha', logs: 'alpha' },
  config,
  load: () => import('./live.ts'),
});
