import { define } from '../../pipeline/component.ts';
import { config } from './config.ts';

export const attributes = define({
  kind: 'processor',
  type: 'attributes',
  summary: 'Inserts, changes, hashes and deletes attributes of spans, log records and data points',
  signals: { metrics: 'beta', traces: 'beta', logs: 'beta' },
  config,
  load: () => import('./attributes.ts'),
});
