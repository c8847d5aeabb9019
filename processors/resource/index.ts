import { define } from '../../pipeline/component.ts';
import { config } from './config.ts';

export const resource = define({
  kind: 'processor',
  type: 'resource',
  summary: 'Inserts, changes, hashes and deletes resource attributes',
  signals: { metrics: 'beta', traces: 'beta', logs: 'beta' },
  config,
  load: () => import('./resource.ts'),
});
