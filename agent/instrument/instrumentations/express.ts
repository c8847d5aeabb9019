import type { Instrumentation } from './contract.ts';
import { INSTRUMENTATION_LIMITS } from './limits.ts';

/** What is used of Express 5. Everything may be missing: other frameworks have a `route`, too. */
interface ExpressRequest {
  readonly route?: ExpressRoute;
  readonly originalUrl?: string;
  readonly app?: ExpressApp;
}
interface ExpressRoute {
  readonly path?: unknown;
}
interface ExpressApp {
  /** Where it is mounted, as patterns. */
  path?: () => string;
  readonly router?: { readonly stack?: readonly Layer[] };
}
interface Layer {
  readonly route?: ExpressRoute;
  readonly handle?: { readonly stack?: readonly Layer[] };
  /** The pattern; `router` before 2.3 does not keep it. */
  readonly rawPath?: unknown;
  /** Mounted at `/`. */
  readonly slash?: boolean;
  readonly matchers?: readonly ((path: string) => false | { readonly path: string })[];
}

/** A way to a route: the layers of the routers it is mounted in. */
type Mount = readonly Layer[];

/**
 * The routes of Express 5, read from the app's own routers when the response is closed: no hook, nothing per middleware.
 * The first request of a route searches for where it is mounted. `req.baseUrl` is no help: it has the path that was asked
 * for, not the pattern, and is gone when an error handler answers.
 */
export const express: Instrumentation = {
  name: 'express',
  start({ routes }) {
    const finder = routeFinder();
    routes.add(finder);
    return { stop: () => routes.remove(finder) };
  },
};

function routeFinder(): (request: object) => string | undefined {
  const known = new WeakMap<object, string | readonly Mount[]>();
  return (given) => {
    const request = given as ExpressRequest;
    const { route, app } = request;
    if (typeof route !== 'object' || route === null || typeof app?.router !== 'function') return undefined;
    let found = known.get(route);
    if (found === undefined) {
      const mounts = mountsOf(route, app.router as { stack?: readonly Layer[] });
      // Mounted once, its pattern is always the same one.
      found = mounts.length === 1 ? pattern(app, mounts[0]!, route) : mounts;
      // A route that is not found may be of an app that has been left; another request may be inside.
      if (mounts.length > 0) known.set(route, found);
    }
    if (typeof found === 'string') return found === '' ? undefined : found;
    const asked = found.find((mount) => leads(mount, request.originalUrl ?? '', app));
    return asked === undefined ? undefined : pattern(app, asked, route) || undefined;
  };
}

/** All ways to a route: a router may be mounted at several places. */
function mountsOf(route: ExpressRoute, router: { readonly stack?: readonly Layer[] }): readonly Mount[] {
  const mounts: Mount[] = [];
  let layers = 0;
  const search = (stack: readonly Layer[], way: Mount): void => {
    if (way.length > INSTRUMENTATION_LIMITS.expressDepth) return;
    for (const layer of stack) {
      layers += 1;
      if (layers > INSTRUMENTATION_LIMITS.expressLayers) return;
      if (layer.route === route) mounts.push(way);
      else if (Array.isArray(layer.handle?.stack) && layer.route === undefined) search(layer.handle.stack, [...way, layer]);
    }
  };
  search(router.stack ?? [], []);
  return mounts;
}

/** Empty where a router keeps no patterns. */
function pattern(app: ExpressApp, mount: Mount, route: ExpressRoute): string {
  const parts = [app.path?.() ?? ''];
  for (const { rawPath, slash } of mount) {
    if (slash === true) continue;
    if (rawPath === undefined) return '';
    parts.push(String(rawPath));
  }
  parts.push(String(route.path));
  const joined = parts.filter((part) => part !== '/' && part !== '').join('');
  return joined === '' ? '/' : joined;
}

/** Whether the path that was asked for goes this way. */
function leads(mount: Mount, url: string, app: ExpressApp): boolean {
  // Apps inside apps: how much of the path the outer ones took is not known, so a way is not judged.
  if ((app.path?.() ?? '') !== '') return mount.length === 0;
  let rest = url.split('?', 1)[0]!;
  for (const { matchers, slash } of mount) {
    if (slash === true) continue;
    const matched = matchers?.map((matcher) => matcher(rest)).find((match) => match !== false);
    if (!matched) return false;
    rest = rest.slice(matched.path.length);
  }
  return true;
}
