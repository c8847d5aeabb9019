import { define } from '../../pipeline/component.ts';
import { config } from './config.ts';

export const dashboard = define({
  kind: 'extension',
  type: 'dashboard',
  summary: 'The API and the live stream: the ledger, the scopes and what passes, of whoever asks. Always with a token.',
  signals: {},
  config,
  load: () => import('./dashboard.ts'),
});
