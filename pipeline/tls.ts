import { z } from 'zod';
import { duration, secret } from './config-types.ts';

/**
 * The `tls:` keys of listeners and of exporters, named as in the Go collector (configtls). Files are read where they are
 * used: pipeline/tls-material.ts.
 */
export const TLS_VERSIONS = ['1.2', '1.3'] as const;
export type TlsVersion = (typeof TLS_VERSIONS)[number];

const RELOAD_INTERVAL = '10s';

const file = (description: string) => z.string().min(1).optional().meta({ description });
const pem = (description: string) => z.string().min(1).optional().meta({ description });
const version = (description: string) =>
  z.enum(TLS_VERSIONS, { error: 'must be "1.2" or "1.3", in quotes' }).meta({ description });

const own = {
  cert_file: file('PEM file of our certificate, with the chain behind it.'),
  key_file: file('PEM file of its private key.'),
  cert_pem: pem('Our certificate itself, instead of cert_file.'),
  key_pem: secret().min(1).optional().meta({ description: 'Its private key itself, instead of key_file.' }),
  min_version: version('Oldest TLS version taken.').default('1.2'),
  max_version: version('Newest TLS version taken; absent: the newest there is.').optional(),
  cipher_suites: z
    .array(z.string().regex(/^[A-Za-z0-9_-]+$/, 'is not a cipher suite name'))
    .default([])
    .meta({ description: "Names of OpenSSL or of the IANA; none: Node's own choice. TLS 1.3 has its own three, always." }),
  reload_interval: duration()
    .default(10_000)
    .meta({
      description: `How often the files are looked at; a change is taken for new connections (default ${RELOAD_INTERVAL}). 0: never.`,
    }),
};

interface OwnKeys {
  readonly cert_file?: string | undefined;
  readonly key_file?: string | undefined;
  readonly cert_pem?: string | undefined;
  readonly key_pem?: string | undefined;
  readonly min_version: TlsVersion;
  readonly max_version?: TlsVersion | undefined;
}

/** What is wrong with a pair of certificate and key, and with the versions; the collector's words where it has some. */
function ownFaults(value: OwnKeys, context: z.RefinementCtx): void {
  const fault = (path: string, message: string): void => context.addIssue({ code: 'custom', path: [path], message });
  if (value.cert_file !== undefined && value.cert_pem !== undefined) fault('cert_pem', 'give cert_file or cert_pem, not both');
  if (value.key_file !== undefined && value.key_pem !== undefined) fault('key_pem', 'give key_file or key_pem, not both');
  if (((value.cert_file ?? value.cert_pem) === undefined) !== ((value.key_file ?? value.key_pem) === undefined))
    context.addIssue({ code: 'custom', message: 'for auth via TLS, provide both certificate and key, or neither' });
  if (value.max_version !== undefined && value.max_version < value.min_version)
    fault('max_version', 'must not be older than min_version');
}

/** `tls:` of a listener: present = TLS only. */
export const serverTls = z
  .strictObject({
    ...own,
    client_ca_file: file('PEM file of the authorities whose client certificates are taken: mutual TLS, always asked for.'),
    client_ca_pem: pem('Those authorities themselves, instead of client_ca_file.'),
  })
  .superRefine((value, context) => {
    ownFaults(value, context);
    if ((value.cert_file ?? value.cert_pem) === undefined)
      context.addIssue({
        code: 'custom',
        path: ['cert_file'],
        message: 'is missing: a TLS listener needs cert_file and key_file',
      });
    if (value.client_ca_file !== undefined && value.client_ca_pem !== undefined)
      context.addIssue({ code: 'custom', path: ['client_ca_pem'], message: 'give client_ca_file or client_ca_pem, not both' });
  });
export type ServerTls = z.output<typeof serverTls>;

/** Whether a listener asks for client certificates and checks them. */
export const isMutual = (tls: ServerTls | undefined): boolean =>
  tls !== undefined && (tls.client_ca_file ?? tls.client_ca_pem) !== undefined;

/** `tls:` of an exporter. `insecure` means no TLS; over HTTP the URL's scheme decides. */
export const clientTls = z
  .strictObject({
    insecure: z.boolean().default(false).meta({ description: 'No TLS. Over HTTP the scheme of the endpoint decides.' }),
    insecure_skip_verify: z
      .boolean()
      .default(false)
      .meta({ description: 'Takes any certificate of the destination. For tests only.' }),
    ca_file: file('PEM file of the authorities to trust instead of the built-in ones.'),
    ca_pem: pem('Those authorities themselves, instead of ca_file.'),
    include_system_ca_certs_pool: z.boolean().default(false).meta({ description: 'Trust the built-in authorities as well.' }),
    ...own,
    server_name_override: z
      .string()
      .min(1)
      .optional()
      .meta({ description: 'Name that the certificate of the destination must carry.' }),
  })
  .superRefine((value, context) => {
    ownFaults(value, context);
    if (value.ca_file !== undefined && value.ca_pem !== undefined)
      context.addIssue({ code: 'custom', path: ['ca_pem'], message: 'give ca_file or ca_pem, not both' });
  });
export type ClientTls = z.output<typeof clientTls>;
