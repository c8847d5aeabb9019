import { masterPerf } from './master_perf/index.ts';
import { otlpReceiver } from './otlp/index.ts';

export const receivers = [otlpReceiver, masterPerf] as const;
