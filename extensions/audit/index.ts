import { define } from '../../pipeline/component.ts';
import { config } from './config.ts';

export const audit = define({
  kind: 'extension',
  type: 'audit',
  summary: 'Keeps an append-only, hash-chained, signed log of scope violations, sign-ins, configuration changes and errors',
  signals: {},
  config,
  load: () => import('./audit.ts'),
});
