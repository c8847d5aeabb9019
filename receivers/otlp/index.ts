import { define } from '../../pipeline/component.ts';
import { config } from './config.ts';

export const otlpReceiver = define({
  kind: 'receiver',
  type: 'otlp',
  summary: 'Takes OTLP over HTTP (protobuf or JSON) and gRPC.',
  signals: { metrics: 'beta', traces: 'beta', logs: 'beta' },
  config,
  load: () => import('./otlp.ts'),
});
