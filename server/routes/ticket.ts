import { json, problem } from './problem.ts';
import type { HeadRoute } from './route.ts';

/** `POST /api/v1/ticket`: for what can send no header (a browser's WebSocket): goes into `?token=`, once, for a minute. */
export const ticketRoute: HeadRoute = {
  method: 'POST',
  path: '/api/v1/ticket',
  answer({ principal }, sources) {
    const made = sources.ticketFor(principal);
    if (made === undefined) return problem({ code: 'RATE_LIMITED', message: 'cannot make a ticket: too many are open' });
    const expiresInSeconds = Math.max(0, Math.floor((made.expiresMs - sources.now()) / 1000));
    return json(201, { ticket: made.ticket, expiresAt: new Date(made.expiresMs).toISOString(), expiresInSeconds });
  },
};
