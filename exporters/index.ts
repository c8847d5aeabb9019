import { debugExporter } from './debug/index.ts';
import { fileExporter } from './file/index.ts';
import { otlpHttpExporter } from './otlp_http/index.ts';

export const exporters = [otlpHttpExporter, debugExporter, fileExporter] as const;
