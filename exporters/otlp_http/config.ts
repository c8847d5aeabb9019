import { z } from 'zod';
import { COMPRESSIONS, DEFAULT_LEVELS, LEVELS_MAX } from '../../pipeline/compression/levels.ts';
import { duration, secret } from '../../pipeline/config-types.ts';
import { deliveryFieldsWith } from '../../pipeline/delivery.ts';

const httpUrl = (description: string) =>
  z
    .string()
    .refine((text) => /^https?:\/\/[^/]/i.test(text) && URL.canParse(text), {
      message: 'must be a URL such as http://localhost:4318',
    })
    .optional()
    .meta({ description });

const file = (description: string) => z.string().min(1).optional().meta({ description });

const tls = z.strictObject({
  insecure: z
    .boolean()
    .default(false)
    .meta({ description: "Accepted for the collector's sake: http:// or https:// in the endpoint decides." }),
  insecure_skip_verify: z
    .boolean()
    .default(false)
    .meta({ description: 'Takes any certificate of the destination. For tests only.' }),
  ca_file: file('PEM file of the authorities to trust instead of the built-in ones.'),
  cert_file: file('PEM file of our certificate, for mutual TLS.'),
  key_file: file('PEM file of its key.'),
  server_name_override: file('Name that the certificate of the destination must carry.'),
});

const compressionParams = z.strictObject({
  level: z
    .int()
    .min(1)
    .max(22)
    .optional()
    .meta({
      description: `gzip 1 to 9 (default ${DEFAULT_LEVELS.gzip}), zstd 1 to 22 (default ${DEFAULT_LEVELS.zstd}). Higher: fewer bytes, more CPU.`,
    }),
});

/** Set from the batch; a header of that name in the config would make it unreadable. */
const OWN_HEADERS = new Set(['content-type', 'content-encoding', 'content-length', 'transfer-encoding', 'connection']);
const HEADER_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

export const config = z
  .strictObject({
    ...deliveryFieldsWith({ timeout: '30s' }),
    endpoint: httpUrl('Base URL; /v1/metrics, /v1/traces and /v1/logs are added.'),
    metrics_endpoint: httpUrl('Full URL for metrics; used as it is, instead of endpoint.'),
    traces_endpoint: httpUrl('Full URL for traces.'),
    logs_endpoint: httpUrl('Full URL for logs.'),
    encoding: z.enum(['proto', 'json']).default('proto').meta({ description: 'Encoding of the body.' }),
    compression: z.enum(COMPRESSIONS).default('gzip').meta({ description: 'Compression of the body.' }),
    compression_params: compressionParams.prefault({}).meta({ description: 'Options of the compression.' }),
    headers: z
      .record(z.string(), secret())
      .default({})
      .meta({ description: 'Headers of every request. The values are secrets: no log or print shows them.' }),
    tls: tls.prefault({}).meta({ description: 'Options of https:// endpoints.' }),
    max_conns_per_host: z.int().min(0).default(0).meta({
      description: 'Most connections to one host; 0 = as many as requests are under way (sending_queue.num_consumers).',
    }),
    idle_conn_timeout: duration()
      .default(90_000)
      .meta({ description: 'An unused connection is closed after this long; 0 = never.' }),
  })
  .superRefine((value, context) => {
    if (
      value.endpoint === undefined &&
      value.metrics_endpoint === undefined &&
      value.traces_endpoint === undefined &&
      value.logs_endpoint === undefined
    ) {
      context.addIssue({
        code: 'custom',
        path: ['endpoint'],
        message: 'at least one endpoint must be given, such as endpoint: http://localhost:4318',
      });
    }
    const level = value.compression_params.level;
    if (level !== undefined && level > LEVELS_MAX[value.compression]) {
      const message = `${value.compression} has levels 1 to ${LEVELS_MAX[value.compression]}`;
      context.addIssue({ code: 'custom', path: ['compression_params', 'level'], message });
    }
    if ((value.tls.cert_file === undefined) !== (value.tls.key_file === undefined)) {
      context.addIssue({ code: 'custom', path: ['tls'], message: 'for mutual TLS give both cert_file and key_file, or neither' });
    }
    for (const [name, text] of Object.entries(value.headers)) {
      if (!HEADER_NAME.test(name)) {
        context.addIssue({ code: 'custom', path: ['headers', name], message: 'is not a header name' });
      }
      if (OWN_HEADERS.has(name.toLowerCase())) {
        context.addIssue({ code: 'custom', path: ['headers', name], message: 'is set by the exporter' });
      }
      // eslint-disable-next-line no-control-regex
      if (/[^\t\u0020-\u007e\u0080-\u00ff]/.test(text)) {
        context.addIssue({ code: 'custom', path: ['headers', name], message: 'holds a character that no header may' });
      }
    }
  })
  .prefault({});

export type Config = z.output<typeof config>;
