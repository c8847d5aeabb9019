import { StartError } from '../../pipeline/errors.ts';
import { readOwnerToken } from '../../server/auth/owner-token.ts';
import { loadOrRefuse, type ConfigOptions } from './configs.ts';

/** The options of a command that asks a collector which runs. */
export interface ApiOptions extends ConfigOptions {
  /** Of the API; default: as the configuration says. */
  readonly url?: string;
  /** One of the token's scopes; default: the one that this machine runs as. */
  readonly scope?: string;
}

/** The API of a collector that runs, for the commands. */
export interface ApiClient {
  readonly url: string;
  readonly scope: string;
  /** Rejects with a StartError that reads "cannot <verb>: <cause>", in the API's own words where it has any. */
  get(path: string, verb: string, signal?: AbortSignal): Promise<Response>;
  post(path: string, body: unknown, verb: string, signal?: AbortSignal): Promise<Response>;
}

const TOKEN_VARIABLE = 'PERISCOPE_TOKEN';

/** Knows who asks by PERISCOPE_TOKEN, else by the token that `run` keeps in a file for this machine's owner. */
export async function apiClient(options: ApiOptions): Promise<ApiClient> {
  const { loaded } = await loadOrRefuse(options);
  const { plan, detected } = loaded;
  const url = options.url?.replace(/\/+$/, '') ?? urlOf(plan.extensions);
  const token = process.env[TOKEN_VARIABLE] ?? readOwnerToken(plan.storage.directory);
  const scope = options.scope ?? detected.scope;
  const ask = async (path: string, init: RequestInit, verb: string): Promise<Response> => {
    const headers = { authorization: `Bearer ${token}`, 'x-dashboard-scope': scope, ...init.headers };
    const response = await fetch(`${url}${path}`, { ...init, headers }).catch((error: unknown) => {
      throw new StartError(`cannot ${verb}: ${url} does not answer (${causeOf(error)}); is the collector running?`);
    });
    if (!response.ok) throw new StartError(`cannot ${verb}: ${await detailOf(response)}`);
    return response;
  };
  return {
    url,
    scope,
    get: (path, verb, signal) => ask(path, signal === undefined ? {} : { signal }, verb),
    post: (path, body, verb, signal) =>
      ask(
        path,
        {
          method: 'POST',
          body: JSON.stringify(body),
          headers: { 'content-type': 'application/json' },
          ...(signal !== undefined && { signal }),
        },
        verb,
      ),
  };
}

function urlOf(extensions: readonly { readonly component: { readonly type: string }; readonly config: unknown }[]): string {
  const dashboard = extensions.find(({ component }) => component.type === 'dashboard');
  if (dashboard === undefined)
    throw new StartError('cannot ask the collector: its configuration has no extension `dashboard`; or say --url');
  const { endpoint, tls } = dashboard.config as { readonly endpoint: string; readonly tls?: unknown };
  return `${tls === undefined ? 'http' : 'https'}://${endpoint.replace(/^(?:0\.0\.0\.0|\[::\])?:/, 'localhost:')}`;
}

/** What is wrong, in the API's words. */
async function detailOf(response: Response): Promise<string> {
  const text = await response.text();
  try {
    const { detail } = JSON.parse(text) as { detail?: unknown };
    if (typeof detail === 'string') return detail;
  } catch {
    // Not ours, then.
  }
  return `it answers ${response.status}`;
}

function causeOf(error: unknown): string {
  const { cause } = error as { cause?: { code?: unknown } };
  return typeof cause?.code === 'string' ? cause.code : error instanceof Error ? error.message : String(error);
}
