/** `[method, status, http.route, count]` of a series of `http.server.request.duration`. */
export type Served = readonly [method: string, status: number, route: string | undefined, count: number];

export interface ExampleApp {
  /** Its folder in agent/instrument/examples. */
  readonly app: string;
  /** Runs on Bun and nowhere else. */
  readonly onlyBun?: true;
  /** Asked of it one after another: `METHOD path`. */
  readonly asks: readonly string[];
  /** What semantic conventions make of these requests: written by hand, of no code. */
  readonly served: readonly Served[];
  /** What it serves has this `network.protocol.version`. */
  readonly version: string | undefined;
  /** `[method, status, count]` of a series of `http.client.request.duration`: what it asks itself, at its own address. */
  readonly made?: readonly (readonly [method: string, status: number, count: number])[];
  /** `[op.name, outcome, count]` of a series of `op.duration`. */
  readonly operations?: readonly (readonly [name: string, outcome: string, count: number])[];
}

/** The servers. A route is a pattern and never a path, a method that nobody knows is `_OTHER`, and what no route answers has
 *  none. */
export const EXAMPLE_SERVERS: readonly ExampleApp[] = [
  {
    app: 'node-http',
    asks: ['GET /', 'GET /', 'HEAD /', 'POST /', 'PURGE /', 'GET /none?user=17', 'GET /chain'],
    served: [
      // Two were asked for, one is the chain, one what the chain asks.
      ['GET', 200, undefined, 4],
      ['HEAD', 200, undefined, 1],
      ['POST', 200, undefined, 1],
      ['_OTHER', 200, undefined, 1],
      ['GET', 404, undefined, 1],
    ],
    version: '1.1',
    made: [['GET', 200, 1]],
  },
  {
    app: 'express',
    asks: ['GET /', 'HEAD /', 'GET /users/1/orders/2', 'GET /users/3/orders/4?full=1', 'POST /', 'GET /users/1'],
    served: [
      ['GET', 200, '/', 1],
      ['HEAD', 200, '/', 1],
      ['GET', 200, '/users/:user/orders/:order', 2],
      ['POST', 404, undefined, 1],
      ['GET', 404, undefined, 1],
    ],
    version: '1.1',
  },
  {
    app: 'fastify',
    asks: ['GET /', 'GET /users/1', 'GET /users/2?full=1', 'HEAD /users/3', 'POST /users/4', 'PURGE /'],
    served: [
      ['GET', 200, '/', 1],
      ['GET', 200, '/users/:user', 2],
      ['HEAD', 200, '/users/:user', 1],
      ['POST', 404, undefined, 1],
      ['_OTHER', 404, undefined, 1],
    ],
    version: '1.1',
  },
  {
    app: 'hono',
    asks: ['GET /', 'GET /users/1', 'GET /users/2?full=1', 'HEAD /users/3', 'POST /', 'GET /none'],
    served: [
      ['GET', 200, '/', 1],
      ['GET', 200, '/users/:user', 2],
      ['HEAD', 200, '/users/:user', 1],
      ['POST', 404, undefined, 1],
      ['GET', 404, undefined, 1],
    ],
    version: '1.1',
    operations: [['users.find', 'ok', 3]],
  },
  {
    app: 'bun-serve',
    onlyBun: true,
    asks: ['GET /', 'GET /users/1', 'GET /users/2?full=1', 'HEAD /users/3', 'GET /none', 'PURGE /none'],
    served: [
      ['GET', 200, undefined, 1],
      ['GET', 200, '/users/:user', 2],
      ['HEAD', 200, '/users/:user', 1],
      ['GET', 404, undefined, 1],
      ['_OTHER', 404, undefined, 1],
    ],
    // Bun does not say which version was spoken.
    version: undefined,
  },
];
