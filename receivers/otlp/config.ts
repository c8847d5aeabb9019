import { z } from 'zod';
import { byteSize, duration } from '../../pipeline/config-types.ts';
import { checkAuth } from '../../pipeline/auth.ts';
import { LIMITS } from '../../pipeline/limits.ts';
import { grpc } from './grpc-config.ts';
import { edgeFields, emptyMeansDefaults, listenAddress, LOOPBACK, senderFields } from './listener-config.ts';

const HEADER_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
// eslint-disable-next-line no-control-regex
const HEADER_VALUE = /^[\t\u0020-\u007e]*$/;

const urlPath = (signal: string) =>
  z
    .string()
    .min(1)
    .default(`/v1/${signal}`)
    .transform((path) => (path.startsWith('/') ? path : `/${path}`))
    .meta({ description: `Path that takes ${signal}.` });

const headerNames = (description: string) =>
  z
    .array(z.string().regex(/^(?:\*|[!#$%&'*+\-.^_`|~0-9A-Za-z]+)$/, 'is not a header name'))
    .default([])
    .meta({ description });

const cors = z.strictObject({
  allowed_origins: z
    .array(z.string().regex(/^[^*]*\*?[^*]*$/, 'may have one * only'))
    .default([])
    .meta({ description: 'Origins of web pages that may send, each with at most one `*`. None: CORS is off.' }),
  allowed_headers: headerNames(
    'Request headers that pages may set, besides Accept, Content-Type and X-Requested-With; `*` for any.',
  ),
  exposed_headers: headerNames('Headers of the answer that pages may read.'),
  max_age: z
    .int()
    .min(0)
    .default(0)
    .meta({ description: 'Seconds that a browser may remember a preflight; 0: its own default.' }),
});

const ALGORITHMS = ['', 'identity', 'gzip', 'zstd', 'deflate', 'zlib'] as const;

const http = z
  .strictObject({
    endpoint: listenAddress('localhost:4318'),
    ...senderFields,
    metrics_url_path: urlPath('metrics'),
    traces_url_path: urlPath('traces'),
    logs_url_path: urlPath('logs'),
    max_request_body_size: byteSize()
      .default(LIMITS.requestBodyBytes)
      .transform((bytes) => (bytes === 0 ? LIMITS.requestBodyBytes : bytes))
      .meta({ description: 'Largest body, before and after decompression; larger ones are answered 413. 0: the default.' }),
    compression_algorithms: z
      .array(z.enum(ALGORITHMS, { error: 'must be gzip, zstd, deflate, zlib or identity' }))
      .default(['gzip', 'zstd', 'deflate', 'zlib'])
      .meta({ description: 'Content-Encodings that are taken; bodies without one always are.' }),
    include_metadata: z
      .boolean()
      .default(false)
      .meta({ description: 'Keep the request headers with the data, for `batch: metadata_keys`.' }),
    cors: z.preprocess(emptyMeansDefaults, cors).optional().meta({ description: 'Lets web pages send.' }),
    response_headers: z
      .record(z.string(), z.string().regex(HEADER_VALUE, 'holds a character that no header may'))
      .default({})
      .meta({ description: 'Added to every answer.' }),
    keep_alives_enabled: z.boolean().default(true).meta({ description: 'False closes the connection after each answer.' }),
    idle_timeout: duration()
      .default(LIMITS.keepAliveTimeoutMs)
      .meta({ description: 'For an unused connection; 0: the default. uWebSockets has 10s of its own and takes no other.' }),
    read_header_timeout: duration()
      .default(LIMITS.headerTimeoutMs)
      .meta({ description: 'For the headers of a request; 0: the default. uWebSockets has 10s of its own and takes no other.' }),
    read_timeout: duration()
      .default(LIMITS.readTimeoutMs)
      .meta({ description: 'For a whole request; 0: none. A body that stalls for 30s is given up in any case.' }),
    write_timeout: duration()
      .default(0)
      .meta({ description: "Accepted for the collector's sake: answers are a few bytes and leave at once." }),
    max_connections: z
      .int()
      .min(1)
      .default(LIMITS.connections)
      .meta({ description: 'Connections at a time, with uWebSockets those with a request under way; one more is answered 503.' }),
    ...edgeFields,
  })
  .superRefine((value, context) => {
    checkAuth(value, LOOPBACK.test(value.endpoint), context);
    for (const name of Object.keys(value.response_headers)) {
      if (HEADER_NAME.test(name)) continue;
      context.addIssue({ code: 'custom', path: ['response_headers', name], message: 'is not a header name' });
    }
    const paths = [value.metrics_url_path, value.traces_url_path, value.logs_url_path];
    if (new Set(paths).size < paths.length) {
      context.addIssue({ code: 'custom', message: 'metrics_url_path, traces_url_path and logs_url_path must differ' });
    }
  });

const inProcess = z.strictObject({ scope: senderFields.scope });

const protocols = z
  .strictObject({
    http: z.preprocess(emptyMeansDefaults, http).optional().meta({ description: 'OTLP over HTTP.' }),
    grpc: z.preprocess(emptyMeansDefaults, grpc).optional().meta({ description: 'OTLP over gRPC.' }),
    in_process: z.preprocess(emptyMeansDefaults, inProcess).optional().meta({
      description:
        'OTLP from the application that the collector is embedded in, without a port. Not written: it is taken as the listeners take theirs.',
    }),
  })
  .superRefine((value, context) => {
    if (value.http !== undefined || value.grpc !== undefined || value.in_process !== undefined) return;
    context.addIssue({ code: 'custom', message: 'must specify at least one protocol when using the OTLP receiver' });
  });

export const config = z.preprocess(
  emptyMeansDefaults,
  z.strictObject({
    protocols: z
      .preprocess(emptyMeansDefaults, protocols)
      .meta({ description: 'What it listens for: `http:`, `grpc:`, `in_process:`, at least one of them.' }),
  }),
);

export type Config = z.output<typeof config>;
export type HttpConfig = NonNullable<Config['protocols']['http']>;
export type InProcessConfig = z.output<typeof inProcess>;
export type CorsConfig = z.output<typeof cors>;
