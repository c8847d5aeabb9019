import { INSTRUMENTATION_LIMITS } from './limits.ts';

/** Where a router leaves the route of a request, on node:http's request or on the web's. Registered, so that two copies of
 *  the agent's code (its bundle, and an entry for middleware) mean the same. */
const ROUTE = Symbol.for('periscope.http.route');

/** Says the route of a request: the pattern (`/users/:id`), never the path, which would make a series of each user. */
export function setRoute(request: object, route: string): void {
  (request as { [ROUTE]?: string })[ROUTE] = route;
}

/** Finds the route of a request that is over; undefined when it has none. */
export type RouteFinder = (request: object) => string | undefined;

/** All who may know the route of a request. */
export class Routes {
  readonly #finders = new Set<RouteFinder>();

  add(finder: RouteFinder): void {
    this.#finders.add(finder);
  }

  remove(finder: RouteFinder): void {
    this.#finders.delete(finder);
  }

  /** Empty without one. */
  of(request: object): string {
    const told = (request as { [ROUTE]?: unknown })[ROUTE];
    if (typeof told === 'string') return bounded(told);
    for (const finder of this.#finders) {
      try {
        const found = finder(request);
        if (found !== undefined) return bounded(found);
      } catch {
        // It looks into what a framework made of the request. A request counts without its route, too.
      }
    }
    return '';
  }
}

function bounded(route: string): string {
  return route.length <= INSTRUMENTATION_LIMITS.textChars ? route : route.slice(0, INSTRUMENTATION_LIMITS.textChars);
}
