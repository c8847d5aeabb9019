import { z } from 'zod';
import { listenerAuth } from '../../pipeline/auth.ts';
import { serverTls } from '../../pipeline/tls.ts';

/** What the listeners of both protocols have in common. */

/** The Go collector's protocols are switched on by their key alone (`http:` with nothing behind it). */
export const emptyMeansDefaults = (value: unknown): unknown => value ?? {};

/** An endpoint that only this machine reaches. */
export const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\]):\d+$/i;

export const listenAddress = (standard: string) =>
  z
    .string()
    .regex(/^(?:\[[0-9a-fA-F:.]*\]|[^:\s]*):\d{1,5}$/, `must be host:port, such as ${standard}`)
    .default(standard)
    .meta({ description: 'Address to listen on; `localhost` is 127.0.0.1 and ::1, port 0 picks a free one.' });

/** Options with the same meaning for both, in two groups, as they stand in the docs: at the head and at the end. */
export const senderFields = {
  transport: z.literal('tcp', { error: 'must be tcp' }).default('tcp').meta({ description: 'Only tcp.' }),
  auth: listenerAuth(),
  scope: z
    .string()
    .min(1)
    .optional()
    .meta({ description: 'Everything that comes in here is of this scope; a claim to another one is rejected.' }),
};
export const edgeFields = {
  tls: serverTls.optional().meta({ description: 'Takes TLS only. With `client_ca_file` senders must show a certificate.' }),
  middlewares: z
    .never({ error: 'there are no middlewares; use the memory_limiter processor' })
    .optional()
    .meta({ description: 'There are none: a fault.' }),
};
