import { AuditTrail } from '../../pipeline/audit.ts';
import type { Receiver } from '../../pipeline/component.ts';
import { InProcessPoints } from '../../pipeline/in-process.ts';
import type { Host } from '../../pipeline/host.ts';
import { config as schema } from '../../receivers/otlp/config.ts';
import { create } from '../../receivers/otlp/otlp.ts';
import { openGrpc } from '../../server/engine/grpc.ts';
import { quietContext } from './contexts.ts';
import { RecordingIntake } from './recording-intake.ts';

export interface RunningGrpcReceiver {
  readonly url: string;
  readonly intake: RecordingIntake;
  readonly receiver: Receiver;
}

/** The receiver on its gRPC listener and a free port. `grpc`: keys of `protocols.grpc`. */
export async function startGrpcReceiver(
  grpc: Readonly<Record<string, unknown>> = {},
  intake: RecordingIntake = new RecordingIntake(),
  more: Partial<Host> = {},
): Promise<RunningGrpcReceiver> {
  const config = schema.parse({ protocols: { grpc: { endpoint: '127.0.0.1:0', ...grpc } } });
  const context = quietContext();
  let url = '';
  const host: Host = {
    ...context.host,
    audit: new AuditTrail(),
    inProcess: new InProcessPoints(),
    prepareAuth: async () => {},
    async grpc(options, handler) {
      const listener = await openGrpc(options, handler);
      url = listener.url;
      return listener;
    },
    ...more,
  };
  const receiver = create(config, { ...context, id: 'otlp/test', host });
  await receiver.start(intake);
  return { url, intake, receiver };
}
