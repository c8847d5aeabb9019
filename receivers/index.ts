import { otlpReceiver } from './otlp/index.ts';

export const receivers = [otlpReceiver] as const;
