import { define } from '../../pipeline/component.ts';
import { config } from './config.ts';

export const memoryLimiter = define({
  kind: 'admission',
  type: 'memory_limiter',
  summary: 'Refuses requests, before they are read or decoded, while the process uses too much memory',
  signals: { metrics: 'beta', traces: 'beta', logs: 'beta' },
  config,
  load: () => import('./memory_limiter.ts'),
});
