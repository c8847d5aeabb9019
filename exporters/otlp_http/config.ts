import { z } from 'zod';
import { COMPRESSIONS, LEVELS_MAX } from '../../pipeline/compression/levels.ts';
import { compressionParams, duration, secret } from '../../pipeline/config-types.ts';
import { deliveryFieldsWith } from '../../pipeline/delivery.ts';
import { clientTls } from '../../pipeline/tls.ts';

const httpUrl = (description: string) =>
  z
    .string()
    .refine((text) => /^https?:\/\/[^/]/i.test(text) && URL.canParse(text), {
      message: 'must be a URL such as http://localhost:4318',
    })
    .optional()
    .meta({ description });

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
    compression_params: compressionParams().prefault({}).meta({ description: 'Options of the compression.' }),
    headers: z
      .record(z.string(), secret())
      .default({})
      .meta({ description: 'Headers of every request. The values are secrets: no log or print shows them.' }),
    tls: clientTls.prefault({}).meta({ description: 'Options of https:// endpoints.' }),
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
