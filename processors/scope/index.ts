import { define } from '../../pipeline/component.ts';
import { config } from './config.ts';

export const scope = define({
  kind: 'scope',
  type: 'scope',
  summary: 'Configures the scope stage of the receivers in front of it: claim attributes, and data without a claim',
  signals: { metrics: 'beta', traces: 'beta', logs: 'beta' },
  config,
});
