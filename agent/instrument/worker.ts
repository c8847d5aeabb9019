/** The program of the exporting thread, and of the one for spans, as it is bundled beside each variant. */
import { feature } from 'bun:bundle';
import './export/worker.ts';
import { signByEnvironment } from './signing/sign-by-environment.ts';

if (feature('ENTERPRISE')) signByEnvironment(process.env);
else if (feature('WEBHOOK_SIGNING')) signByEnvironment(process.env);
if (feature('TRACES')) {
  const data: unknown = process.getBuiltinModule('node:worker_threads').workerData;
  if (typeof data === 'object' && data !== null && 'spans' in data) void import('./traces/span-worker.ts');
}
