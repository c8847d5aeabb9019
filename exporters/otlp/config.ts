import { z } from 'zod';
import { COMPRESSIONS, LEVELS_MAX } from '../../pipeline/compression/levels.ts';
import { compressionParams, byteSize, duration, secret } from '../../pipeline/config-types.ts';
import { deliveryFields } from '../../pipeline/delivery.ts';
import { LIMITS } from '../../pipeline/limits.ts';
import { clientTls } from '../../pipeline/tls.ts';

/** Where to send, out of the forms that the Go collector takes. */
export interface Address {
  readonly host: string;
  readonly port: number;
  /** By its scheme: `http` no TLS, `https` TLS, undefined as `tls.insecure` says. */
  readonly secure: boolean | undefined;
}

const FORM = /^(?:(https?|dns|passthrough):\/\/\/?)?(?:\[([0-9a-fA-F:.]+)\]|([^\s:/?#@[\]]+)):(\d{1,5})\/?$/i;
const PORT_MAX = 65_535;

/** Undefined when `text` is no endpoint. */
export function addressOf(text: string): Address | undefined {
  const parts = FORM.exec(text.trim());
  const port = Number(parts?.[4]);
  if (parts === null || port > PORT_MAX || port === 0) return undefined;
  const scheme = (parts[1] ?? '').toLowerCase();
  const secure = scheme === 'https' ? true : scheme === 'http' ? false : undefined;
  return { host: parts[2] ?? parts[3] ?? '', port, secure };
}

/** What the exporter or HTTP/2 sets itself. */
const OWN_HEADER = /^(?:content-type|te|user-agent|host|connection|transfer-encoding|grpc-.*|:.*)$/i;
const HEADER_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

const keepalive = z.strictObject({
  time: duration({ min: 10_000 })
    .optional()
    .meta({ description: 'The connection is pinged after this long of silence, at least 10s; absent: never.' }),
  timeout: duration()
    .default(LIMITS.grpcKeepaliveTimeoutMs)
    .meta({ description: 'And opened anew when nothing comes back for this long.' }),
  permit_without_stream: z.boolean().default(false).meta({ description: 'Ping also while nothing is under way.' }),
});

const ignored = "Accepted for the collector's sake: HTTP/2 here has its own.";

export const config = z
  .strictObject({
    ...deliveryFields,
    endpoint: z
      .string()
      .refine((text) => addressOf(text) !== undefined, {
        message: 'must be host:port, such as collector:4317, with http:// or https:// before it or not',
      })
      .optional()
      .meta({ description: '`host:port`. `http://` before it means no TLS, `https://` TLS; without either `tls` decides.' }),
    tls: z
      .preprocess((value) => value ?? {}, clientTls)
      .prefault({})
      .meta({ description: 'TLS, which is on unless `insecure: true` or the endpoint begins with `http://`.' }),
    compression: z.enum(COMPRESSIONS).default('gzip').meta({ description: 'Compression of each message.' }),
    compression_params: compressionParams().prefault({}).meta({ description: 'Options of the compression.' }),
    headers: z
      .record(z.string(), secret())
      .default({})
      .meta({ description: 'Metadata of every call. The values are secrets: no log or print shows them.' }),
    authority: z.string().min(1).optional().meta({ description: 'The `:authority` of every call; absent: the endpoint.' }),
    keepalive: z
      .preprocess((value) => value ?? undefined, keepalive.optional())
      .meta({ description: 'Pings on a silent connection.' }),
    wait_for_ready: z
      .boolean()
      .default(false)
      .meta({ description: "Accepted for the collector's sake: a batch waits in the queue while there is no connection." }),
    balancer_name: z
      .enum(['pick_first', 'round_robin'])
      .default('pick_first')
      .meta({ description: "Accepted for the collector's sake: there is one connection; balance with a proxy." }),
    read_buffer_size: byteSize().default(0).meta({ description: ignored }),
    write_buffer_size: byteSize().default(0).meta({ description: ignored }),
  })
  .superRefine((value, context) => {
    if (value.endpoint === undefined) {
      const message = 'must be given, such as endpoint: collector:4317';
      context.addIssue({ code: 'custom', path: ['endpoint'], message });
    }
    const level = value.compression_params.level;
    if (level !== undefined && level > LEVELS_MAX[value.compression]) {
      const message = `${value.compression} has levels 1 to ${LEVELS_MAX[value.compression]}`;
      context.addIssue({ code: 'custom', path: ['compression_params', 'level'], message });
    }
    for (const [name, text] of Object.entries(value.headers)) {
      const fault = (message: string): void => context.addIssue({ code: 'custom', path: ['headers', name], message });
      if (!HEADER_NAME.test(name)) fault('is not a header name');
      if (OWN_HEADER.test(name)) fault('is set by the exporter');
      if (!/^[\u0020-\u007e]*$/.test(text)) fault('holds a character that no gRPC metadata may');
    }
  })
  .prefault({});

export type Config = z.output<typeof config>;
