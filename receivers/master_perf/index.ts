import { define } from '../../pipeline/component.ts';
import { config } from './config.ts';

export const masterPerf = define({
  kind: 'receiver',
  type: 'master_perf',
  summary: 'Rows of MASTER_PERF that are posted to the API, and the rows of this process itself, as log records',
  signals: { logs: 'beta' },
  config,
  load: () => import('./master_perf.ts'),
});
