import { define } from '../../pipeline/component.ts';
import { config } from './config.ts';

export const otlpExporter = define({
  kind: 'exporter',
  type: 'otlp',
  aliases: ['otlp_grpc'],
  summary: 'Sends OTLP over gRPC.',
  signals: { metrics: 'beta', traces: 'beta', logs: 'beta' },
  config,
  load: () => import('./otlp.ts'),
});
