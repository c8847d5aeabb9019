import { z } from 'zod';
import { AUTH_METHODS, checkAuth } from '../../pipeline/auth.ts';
import { LIMITS } from '../../pipeline/limits.ts';
import { serverTls } from '../../pipeline/tls.ts';

const LOCAL = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\]):\d+$/i;
const HELP = 'must be token, certificate or basic, or a list of them: the API is never open';

export const config = z.preprocess(
  (value) => value ?? {},
  z
    .strictObject({
      endpoint: z
        .string()
        .regex(/^(?:\[[0-9a-fA-F:.]*\]|[^:\s]*):\d{1,5}$/, 'must be host:port, such as localhost:3004')
        .default('localhost:3004')
        .meta({ description: 'Address to listen on; `localhost` is 127.0.0.1 and ::1, port 0 picks a free one.' }),
      auth: z
        .union([z.enum(AUTH_METHODS, { error: HELP }), z.array(z.enum(AUTH_METHODS, { error: HELP })).min(1, HELP)], {
          error: HELP,
        })
        .default('token')
        .transform((value) => [value].flat())
        .meta({
          description: 'How callers show who they are: `token`, `certificate`, `basic`, or a list; see the top-level `auth:`.',
        }),
      tls: serverTls.optional().meta({ description: 'Takes TLS only. With `client_ca_file` callers must show a certificate.' }),
      max_connections: z
        .int()
        .min(1)
        .default(LIMITS.apiConnections)
        .meta({ description: 'Connections at a time; one more is answered 503.' }),
      allowed_origins: z
        .array(
          z
            .string()
            .regex(/^https?:\/\/[^/\s?#@*]+$/, 'must be scheme://host[:port], such as https://example.com, with no path or *'),
        )
        .default([])
        .meta({ description: 'Other sites whose pages may open the live stream, by exact match; our own page always may.' }),
      allow_query_token: z.boolean().default(false).meta({
        description:
          'The live stream takes a token from `?token=`, too. URLs end up in logs and histories: better a ticket of POST /api/v1/ticket.',
      }),
    })
    .superRefine((value, context) => checkAuth(value, LOCAL.test(value.endpoint), context)),
);

export type DashboardConfig = z.output<typeof config>;
