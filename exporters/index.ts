import { debugExporter } from './debug/index.ts';
import { fileExporter } from './file/index.ts';
import { liveExporter } from './live/index.ts';
import { otlpExporter } from './otlp/index.ts';
import { otlpHttpExporter } from './otlp_http/index.ts';
import { windowsExporter } from './windows/index.ts';

export const exporters = [otlpHttpExporter, otlpExporter, debugExporter, fileExporter, liveExporter, windowsExporter] as const;
