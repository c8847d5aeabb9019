import { z } from 'zod';

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
