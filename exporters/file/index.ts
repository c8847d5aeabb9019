import { define } from '../../pipeline/component.ts';
import { config } from './config.ts';

export const fileExporter = define({
  kind: 'exporter',
  type: 'file',
  summary: 'Writes JSON lines or length-prefixed records, a file per scope, with rotation.',
  signals: { metrics: 'beta', traces: 'beta', logs: 'beta' },
  config,
  load: () => import('./file.ts'),
});
