import { define } from '../../pipeline/component.ts';
import { config } from './config.ts';

export const filter = define({
  kind: 'processor',
  type: 'filter',
  summary: 'Drops resources, metrics, data points, spans, span events and log records by conditions (a part of OTTL)',
  signals: { metrics: 'beta', traces: 'beta', logs: 'beta' },
  config,
  load: () => import('./filter.ts'),
});
