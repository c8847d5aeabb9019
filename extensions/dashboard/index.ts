import { define } from '../../pipeline/component.ts';
import { config } from './config.ts';

export const dashboard = define({
  kind: 'extension',
  type: 'dashboard',
  summary: 'The API: the ledger and the scopes of whoever asks, and one-time tickets. Always with a token.',
  signals: {},
  config,
  load: () => import('./dashboard.ts'),
});
