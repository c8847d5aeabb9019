import { define } from '../../pipeline/component.ts';
import { config } from './config.ts';

export const batch = define({
  kind: 'processor',
  type: 'batch',
  summary: 'Collects small requests of one scope into large ones, and cuts too large ones',
  signals: { metrics: 'beta', traces: 'beta', logs: 'beta' },
  config,
  load: () => import('./batch.ts'),
});
