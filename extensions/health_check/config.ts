import { z } from 'zod';

const LOCAL = /^(localhost|127(\.\d+){3}|\[::1\]):\d+$/;

export const config = z.preprocess(
  (value) => value ?? {},
  z
    .strictObject({
      endpoint: z
        .string()
        .regex(/^.+:\d+$/, 'must be host:port')
        .default('localhost:13133')
        .meta({ description: 'Address to listen on; port 0 picks a free one.' }),
      path: z.string().startsWith('/', 'must start with /').default('/').meta({ description: 'Path of the health answer.' }),
      auth: z
        .literal('none', { error: 'must be none: this version has no authentication' })
        .optional()
        .meta({ description: '`none` must be written out to listen on an address that other machines reach.' }),
      ledger: z
        .boolean()
        .optional()
        .meta({ description: 'Serve the counters of all scopes at `/ledger`; default: only on a localhost address.' }),
    })
    .superRefine((value, context) => {
      if (value.auth !== undefined || LOCAL.test(value.endpoint)) return;
      const message = 'other machines reach this address: write auth: none to answer all of them, or listen on localhost';
      context.addIssue({ code: 'custom', path: ['auth'], message });
    })
    .transform((value) => ({ ...value, ledger: value.ledger ?? LOCAL.test(value.endpoint) })),
);

export type HealthCheckConfig = z.output<typeof config>;
