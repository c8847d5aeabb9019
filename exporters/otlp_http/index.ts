import { define } from '../../pipeline/component.ts';
import { config } from './config.ts';

export const otlpHttpExporter = define({
  kind: 'exporter',
  type: 'otlp_http',
  aliases: ['otlphttp'],
  summary: 'Sends OTLP over HTTP, as protobuf or JSON.',
  signals: { metrics: 'beta', traces: 'beta', logs: 'beta' },
  config,
  load: () => import('./otlp_http.ts'),
});
