import { debugExporter } from './debug/index.ts';
import { otlpHttpExporter } from './otlp_http/index.ts';

export const exporters = [otlpHttpExporter, debugExporter] as const;
