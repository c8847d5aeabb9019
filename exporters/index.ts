import { otlpHttpExporter } from './otlp_http/index.ts';

export const exporters = [otlpHttpExporter] as const;
