import { z } from 'zod';
import { checkAuth } from '../../pipeline/auth.ts';
import { byteSize, duration } from '../../pipeline/config-types.ts';
import { LIMITS } from '../../pipeline/limits.ts';
import { edgeFields, emptyMeansDefaults, listenAddress, LOOPBACK, senderFields } from './listener-config.ts';

const MIB = 1024 * 1024;
/** The prefix of a message has four bytes for its length. */
const MESSAGE_MIB_MAX = 4095;

const serverParameters = z.strictObject({
  max_connection_idle: duration()
    .default(0)
    .meta({ description: 'A connection without calls is closed after this long; 0: never.' }),
  max_connection_age: duration()
    .default(0)
    .meta({ description: 'A connection is asked to go after this long, give or take a tenth; 0: never.' }),
  max_connection_age_grace: duration().default(0).meta({ description: 'And cut after this much more; 0: never.' }),
  time: duration()
    .default(LIMITS.grpcKeepaliveTimeMs)
    .meta({ description: 'A silent connection is pinged after this long; longer than the default, and 0, are the default.' }),
  timeout: duration()
    .default(LIMITS.grpcKeepaliveTimeoutMs)
    .meta({ description: 'And cut when it stays silent for this much more; 0: the default.' }),
});

const enforcementPolicy = z.strictObject({
  min_time: duration()
    .default(LIMITS.grpcPingIntervalMs)
    .meta({ description: 'A client that pings more often is sent away; 0: the default.' }),
  permit_without_stream: z
    .boolean()
    .default(false)
    .meta({ description: 'Clients may ping at this rate also when they have no call under way.' }),
});

const keepalive = z.strictObject({
  server_parameters: z
    .preprocess(emptyMeansDefaults, serverParameters)
    .prefault({})
    .meta({ description: 'When connections are looked after.' }),
  enforcement_policy: z
    .preprocess(emptyMeansDefaults, enforcementPolicy)
    .prefault({})
    .meta({ description: 'How often clients may look after theirs.' }),
});

export const grpc = z
  .strictObject({
    endpoint: listenAddress('localhost:4317'),
    ...senderFields,
    max_recv_msg_size_mib: z
      .int()
      .min(0)
      .max(MESSAGE_MIB_MAX)
      .default(LIMITS.requestBodyBytes / MIB)
      .transform((mib) => mib || LIMITS.requestBodyBytes / MIB)
      .meta({
        description:
          'Largest message in MiB, before and after decompression; larger ones are RESOURCE_EXHAUSTED. 0: the default.',
      }),
    max_concurrent_streams: z
      .int()
      .min(0)
      .default(LIMITS.grpcStreams)
      .transform((streams) => streams || LIMITS.grpcStreams)
      .meta({ description: 'Calls of one connection at a time; its client lets more wait. 0: the default.' }),
    max_connections: z
      .int()
      .min(1)
      .default(LIMITS.connections)
      .meta({ description: 'Connections at a time; one more is closed.' }),
    read_buffer_size: byteSize().default(0).meta({ description: "Accepted for the collector's sake: HTTP/2 here has its own." }),
    write_buffer_size: byteSize().default(0).meta({ description: "Accepted for the collector's sake: HTTP/2 here has its own." }),
    keepalive: z
      .preprocess(emptyMeansDefaults, keepalive)
      .prefault({})
      .meta({ description: 'What keeps connections alive, and ends them.' }),
    include_metadata: z
      .boolean()
      .default(false)
      .meta({ description: 'Keep the metadata of the call with the data, for `batch: metadata_keys`.' }),
    ...edgeFields,
  })
  .superRefine((value, context) => {
    checkAuth(value, LOOPBACK.test(value.endpoint), context);
  });

export type GrpcConfig = z.output<typeof grpc>;
