import { setRoute } from './routes.ts';

/** What is used of Hono's context. */
interface HonoContext {
  readonly req: {
    readonly raw: object;
    readonly routeIndex?: number;
    readonly matchedRoutes?: readonly { readonly method: string; readonly path: string }[];
  };
  /** Of @hono/node-server it has the request as `incoming`. */
  readonly env?: unknown;
}

/**
 * Middleware that tells the route of each request: `app.use(honoRoutes())`, before the routes. Hono tells routes to nobody
 * else. Works on @hono/node-server and on Bun.serve.
 */
export function honoRoutes(): (context: HonoContext, next: () => Promise<void>) => Promise<void> {
  return async (context, next) => {
    try {
      await next();
    } finally {
      tell(context);
    }
  };
}

function tell({ req, env }: HonoContext): void {
  try {
    const routes = req.matchedRoutes ?? [];
    const answered = routes.slice(req.routeIndex ?? 0).find((route) => !isMiddleware(route));
    if (answered !== undefined) setRoute((env as { incoming?: object } | undefined)?.incoming ?? req.raw, answered.path);
  } catch {
    // A Hono that keeps its routes elsewhere: no route is told.
  }
}

/** `use` registers like this; what it answers for is the first route behind it. */
function isMiddleware({ method, path }: { readonly method: string; readonly path: string }): boolean {
  return method === 'ALL' && path.endsWith('*');
}
