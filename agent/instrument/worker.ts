/** The program of the exporting thread, as it is bundled beside each variant. */
import { feature } from 'bun:bundle';
import './export/worker.ts';
import { signByEnvironment } from './signing/sign-by-environment.ts';

if (feature('ENTERPRISE')) signByEnvironment(process.env);
else if (feature('WEBHOOK_SIGNING')) signByEnvironment(process.env);
