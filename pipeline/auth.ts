import { z } from 'zod';
import { duration, secret } from './config-types.ts';
import type { ErrorCode } from './errors.ts';
import { LIMITS } from './limits.ts';
import { isMutual, type ServerTls } from './tls.ts';

/** Who may send, and as whom: what listeners ask for, what one place (`auth:`) knows, what comes out of a check. */
export const PERMISSIONS = ['ingest', 'query', 'stream', 'admin'] as const;
export type Permission = (typeof PERMISSIONS)[number];

export const AUTH_METHODS = ['token', 'certificate', 'basic'] as const;
export type AuthMethod = (typeof AUTH_METHODS)[number];

/** Request header that chooses among the scopes of a token and never widens them. Lower case, as engines give it. */
export const SCOPE_HEADER = 'x-dashboard-scope';

/** Somebody who has shown who they are. One object per token, certificate subject or user, as long as it is cached. */
export interface Principal {
  readonly subject: string;
  /** Of the scope matrix; never empty. */
  readonly scopes: readonly string[];
  readonly permissions: ReadonlySet<Permission>;
  /** ms since 1970; absent = as long as the configuration says so. */
  readonly expiresMs?: number;
  readonly method: AuthMethod;
  /** This machine's owner: who has all scopes, and names none, means the one that this machine runs as. */
  readonly isOwner?: true;
}

/** The scope that is meant by who has chosen none; undefined where there are several to choose from. */
export function impliedScope({ scopes, isOwner }: Principal, runsAs: string | undefined): string | undefined {
  if (scopes.length === 1) return scopes[0];
  return isOwner === true && runsAs !== undefined && scopes.includes(runsAs) ? runsAs : undefined;
}

/** The names of a client certificate that TLS has verified against `client_ca_file`. */
export interface ClientCertificate {
  /** The whole subject by RFC 4514, in the certificate's order: `O=Acme,CN=agent-1`. */
  readonly subject: string;
  /** `CN=agent-1`, then the alternative names: `DNS:agent.example.com`, `URI:spiffe://acme/agent`. */
  readonly names: readonly string[];
  /** ms since 1970. */
  readonly expiresMs: number;
}

/** What a request brought to show who it is from. */
export interface Credentials {
  readonly remoteAddress: string;
  /** Value of the `authorization` header or metadata; '' when absent. */
  readonly authorization: string;
  readonly certificate?: ClientCertificate | undefined;
  /** A one-time ticket out of a query string; it stands for the token it was made with. */
  readonly ticket?: string | undefined;
  /** Of a browser that has used a one-time link; '' or absent without one. */
  readonly session?: string | undefined;
}

/** UNAUTHENTICATED, PERMISSION_DENIED, RATE_LIMITED (locked out) or UNAVAILABLE; says nothing about what was given. */
export interface AuthRefusal {
  readonly ok: false;
  readonly code: ErrorCode;
  readonly retryable: boolean;
  readonly message: string;
  readonly retryAfterMs?: number;
}
export type AuthResult = Principal | AuthRefusal;

export const isRefused = (result: AuthResult): result is AuthRefusal => 'ok' in result;

/** Undefined when `principal` may do that. */
export function lacks(principal: Principal, permission: Permission): AuthRefusal | undefined {
  if (principal.permissions.has(permission)) return undefined;
  const message = `cannot let ${principal.subject} do this: it has not the permission "${permission}"`;
  return { ok: false, code: 'PERMISSION_DENIED', retryable: false, message };
}

const WRITTEN = ['none', ...AUTH_METHODS] as const;
const HELP = 'must be none, token, certificate or basic, or a list of the last three';

/** `auth:` of a listener: undefined = not written, [] = `none`, else the methods that are taken. */
export const listenerAuth = () =>
  z
    .union([z.enum(WRITTEN, { error: HELP }), z.array(z.enum(AUTH_METHODS, { error: HELP })).min(1, HELP)], { error: HELP })
    .transform((value): readonly AuthMethod[] => (Array.isArray(value) ? [...new Set(value)] : value === 'none' ? [] : [value]))
    .optional()
    .meta({
      description:
        'Who may send: `token`, `certificate`, `basic` (how: the top-level `auth:`), a list of them, or `none`. ' +
        'One of these must be written out to listen on an address that other machines reach.',
    });

/** What every listener's `auth:` must agree with: its address and its `tls:`. For the schema's superRefine. */
export function checkAuth(
  listener: { readonly auth?: readonly AuthMethod[] | undefined; readonly tls?: ServerTls | undefined },
  local: boolean,
  context: z.RefinementCtx,
): void {
  const fault = (message: string): void => context.addIssue({ code: 'custom', path: ['auth'], message });
  if (listener.auth === undefined && !local) {
    fault(
      'other machines reach this address: write auth: token (or certificate, basic), or auth: none to take data from all of them, or listen on localhost',
    );
  }
  if (listener.auth?.includes('certificate') === true && !isMutual(listener.tls))
    fault('certificate needs tls::client_ca_file: the authorities whose client certificates are taken');
}

const scopes = z
  .array(z.string().min(1))
  .min(1, 'needs at least one scope')
  .meta({ description: 'What it may send and read as.' });
const permissions = z
  .array(z.enum(PERMISSIONS, { error: `must be one of ${PERMISSIONS.join(', ')}` }))
  .default(['ingest'])
  .meta({ description: 'What it may do: ingest, query, stream, admin.' });

export const TOKEN_ALGORITHMS = ['HS256', 'EdDSA', 'ES256', 'RS256', 'PS256'] as const;
/** Long, and neither a folder nor an extension in it. */
const LIKE_A_SECRET = /^[^/\\.]{32,}$/;
const file = (description: string) =>
  z
    .string()
    .min(1)
    .refine((path) => !LIKE_A_SECRET.test(path), 'looks like a secret itself: write it into a file, and the path of that here')
    .optional()
    .meta({ description });

const tokens = z
  .strictObject({
    issuer: z.string().min(1).default('periscope').meta({ description: 'The `iss` a token must have.' }),
    audience: z.string().min(1).default('periscope').meta({ description: 'The `aud` a token must have, or have among others.' }),
    algorithms: z
      .array(z.enum(TOKEN_ALGORITHMS, { error: `must be one of ${TOKEN_ALGORITHMS.join(', ')}` }))
      .min(1)
      .optional()
      .meta({
        description: 'Signatures that are taken; default: those that fit the keys (HS256 a secret, the others public keys).',
      }),
    secret: secret()
      .refine(
        (text) => Buffer.byteLength(text) >= LIMITS.tokenSecretBytesMin,
        `must have at least ${LIMITS.tokenSecretBytesMin} bytes`,
      )
      .optional()
      .meta({ description: 'HS256 secret, at least 32 bytes. Better: secret_file.' }),
    secret_file: file('File with the HS256 secret, mode 0600. Without any key: one that is made under storage.directory.'),
    public_key_file: file('PEM file of the public key that tokens are signed against (EdDSA: Ed25519).'),
    private_key_file: file('PEM file of the private key, mode 0600: only for `periscope token create`.'),
    jwks_file: file('JSON Web Key Set with the public keys, chosen by `kid`; read again when it changes.'),
    jwks_url: z
      .url({ protocol: /^https?$/, error: 'must be an http or https URL' })
      .optional()
      .meta({ description: 'The same from an identity provider; fetched when needed and kept.' }),
    revocation_file: file('Ids (`jti`) of tokens that are void, one a line; default: revoked-tokens under storage.directory.'),
    clock_tolerance: duration({ max: 30_000 })
      .default(5000)
      .meta({ description: "How far the issuer's clock may differ; at most 30s." }),
  })
  .superRefine((value, context) => {
    const keys = (['secret', 'secret_file', 'public_key_file', 'jwks_file', 'jwks_url'] as const).filter(
      (key) => value[key] !== undefined,
    );
    if (keys.length > 1) {
      // Two kinds of key under one roof is how a public key comes to be taken for a secret.
      context.addIssue({
        code: 'custom',
        path: [keys[1] ?? ''],
        message: `give one of ${keys.join(', ')}: tokens have one source of keys`,
      });
    }
    const symmetric = keys.every((key) => key === 'secret' || key === 'secret_file');
    const wrong = value.algorithms?.filter((name) => (name === 'HS256') !== symmetric) ?? [];
    if (wrong.length > 0) {
      const message = symmetric ? `${wrong.join(', ')} need public keys, not a secret` : 'HS256 needs a secret, not public keys';
      context.addIssue({ code: 'custom', path: ['algorithms'], message });
    }
  });
export type TokensConfig = z.output<typeof tokens>;

const grant = z.strictObject({ scopes, permissions });
const user = z
  .strictObject({
    password: secret().min(1).optional().meta({ description: 'Password; better: password_file.' }),
    password_file: file('File with the password, mode 0600.'),
    scopes,
    permissions,
  })
  .superRefine((value, context) => {
    if ((value.password === undefined) === (value.password_file === undefined))
      context.addIssue({ code: 'custom', path: ['password'], message: 'give password or password_file' });
  });

/** The top-level `auth:`: the one place that says how listeners with `auth: token`, `certificate` or `basic` decide. */
export const authSchema = z
  .strictObject({
    tokens: z
      .preprocess((value) => value ?? {}, tokens)
      .prefault({})
      .meta({ description: 'JSON Web Tokens, for `auth: token`.' }),
    certificates: z
      .record(z.string().min(1), grant)
      .default({})
      .meta({ description: 'By subject of a client certificate: `O=Acme,CN=agent-1`, `CN=agent-1`, `DNS:…` or `URI:…`.' }),
    basic: z
      .record(z.string().regex(/^[^:\p{Cc}]+$/u, 'is not a user name'), user)
      .default({})
      .meta({ description: 'By user name, for what can do nothing but basic auth.' }),
  })
  .prefault({});
export type AuthConfig = z.output<typeof authSchema>;
