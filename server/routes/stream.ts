import { STREAM_PATH } from '../stream/protocol.ts';
import { problem } from './problem.ts';
import type { Route } from './route.ts';

/** `GET /ws` of who does not ask for a WebSocket. Who does is let in by `server/stream/door.ts`. */
export const streamRoute: Route = {
  method: 'GET',
  path: STREAM_PATH,
  answer: () =>
    problem(
      { code: 'UPGRADE_REQUIRED', message: 'cannot answer a plain request here: open a WebSocket' },
      { Upgrade: 'websocket' },
    ),
};
