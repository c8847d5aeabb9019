/** What auto-instrumentations-node does for an HTTP server, metrics only: the SDK, and the instrumentation of node:http. Less
 *  than the whole of it: no detectors, no other instrumentations, no traces. */
import { createRequire } from 'node:module';
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http';
import { provider } from './sdk.ts';

process.env['OTEL_SEMCONV_STABILITY_OPT_IN'] ??= 'http';
new HttpInstrumentation().setMeterProvider(provider);
// It patches what is required; what is imported later is the same object.
createRequire(import.meta.url)('node:http');
