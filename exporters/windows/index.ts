import { define } from '../../pipeline/component.ts';
import { config } from './config.ts';

export const windowsExporter = define({
  kind: 'exporter',
  type: 'windows',
  summary: 'Keeps the last minutes of each scope as tables in DuckDB, for SQL.',
  signals: { metrics: 'alpha', traces: 'alpha', logs: 'alpha' },
  config,
  load: () => import('./windows.ts'),
});
