import { writePool } from './body-pool.ts';
import type { Workload } from './workload.ts';

/** Makes a file of compressed bodies: `node pool-process.js WORKLOAD-AS-JSON FILE BODIES`. */
const [workload, file, bodies] = process.argv.slice(2);
writePool(JSON.parse(workload!) as Workload, file!, Number(bodies));
