import { define } from '../../pipeline/component.ts';
import { config } from './config.ts';

export const sanitize = define({
  kind: 'processor',
  type: 'sanitize',
  summary: 'Cleans attribute keys and values, or rejects items whose attributes break the rules',
  signals: { metrics: 'beta', traces: 'beta', logs: 'beta' },
  config,
  load: () => import('./sanitize.ts'),
});
