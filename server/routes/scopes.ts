import { json } from './problem.ts';
import type { HeadRoute } from './route.ts';

/** `GET /api/v1/scopes`: the caller's rows of the scope matrix; with `admin`, all of it and what this machine runs as. */
export const scopesRoute: HeadRoute = {
  method: 'GET',
  path: '/api/v1/scopes',
  answer({ scopes, admin }, { matrix, runsAs }) {
    const rows = matrix.filter(({ scope }) => admin || scopes.includes(scope));
    return json(200, admin ? { runsAs, scopes: rows } : { scopes: rows });
  },
};
