import { define } from '../../pipeline/component.ts';
import { config } from './config.ts';

export const healthCheck = define({
  kind: 'extension',
  type: 'health_check',
  summary: 'Answers whether the collector and each of its components are well, and what it has counted',
  signals: {},
  config,
  load: () => import('./health_check.ts'),
});
