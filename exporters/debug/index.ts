import { define } from '../../pipeline/component.ts';
import { config } from './config.ts';

export const debugExporter = define({
  kind: 'exporter',
  type: 'debug',
  aliases: ['logging'],
  summary: 'Shows what passes: a line per batch, a line per item, or everything.',
  signals: { metrics: 'beta', traces: 'beta', logs: 'beta' },
  config,
  load: () => import('./debug.ts'),
});
