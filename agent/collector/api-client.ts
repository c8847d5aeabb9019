import { StartError } from '../../pipeline/errors.ts';
import { readOwnerToken } from '../../server/auth/owner-token.ts';
import { loadOrRefuse, type ConfigOptions } from './configs.ts';

/** The options of a command that asks a collector which runs. */
export interface ApiOptions extends ConfigOptions {
  /** Of the API; default: as the configuration says. */
  readonly url?: string;
  /** One of the token's scopes; default: its only one, or for this machine's owner the one that the collector runs as. */
  readonly scope?: string;
}

/** The API of a collector that runs, for the commands. */
export interface ApiClient {
  readonly url: string;
  /** Of the configuration that was read. */
  readonly storageDirectory: string;
  /** Who asks, read anew: a collector that starts again has another one for its owner. Throws a StartError. */
  token(): string;
  /** Rejects with a StartError that reads "cannot <verb>: <cause>", in the API's own words where it has any. */
  get(path: string, verb: string, signal?: AbortSignal): Promise<Response>;
  post(path: string, body: unknown, verb: string, signal?: AbortSignal): Promise<Response>;
}

const TOKEN_VARIABLE = 'PERISCOPE_TOKEN';

/** Knows who asks by PERISCOPE_TOKEN, else by the token that `run` keeps in a file for this machine's owner. */
export async function apiClient(options: ApiOptions): Promise<ApiClient> {
  const { loaded } = await loadOrRefuse(options);
  const { plan } = loaded;
  const url = options.url?.replace(/\/+$/, '') ?? urlOf(plan.extensions);
  const token = (): string => process.env[TOKEN_VARIABLE] ?? ownerToken(plan.storage.directory);
  token();
  const chosen = options.scope === undefined ? undefined : { 'x-dashboard-scope': options.scope };
  const ask = async (path: string, init: RequestInit, verb: string): Promise<Response> => {
    const headers = { authorization: `Bearer ${token()}`, ...chosen, ...init.headers };
    const response = await fetch(`${url}${path}`, { ...init, headers }).catch((error: unknown) => {
      throw new StartError(`cannot ${verb}: ${url} does not answer (${causeOf(error)}); is the collector running?`);
    });
    if (!response.ok) throw new StartError(`cannot ${verb}: ${await detailOf(response)}`);
    return response;
  };
  return {
    url,
    storageDirectory: plan.storage.directory,
    token,
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

/** It is there as long as the collector runs. */
function ownerToken(storageDirectory: string): string {
  try {
    return readOwnerToken(storageDirectory);
  } catch (error) {
    if (error instanceof StartError) throw new StartError(`${error.message}; is the collector running?`);
    throw error;
  }
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
    const { code, detail } = JSON.parse(text) as { code?: unknown; detail?: unknown };
    if (typeof detail === 'string') return code === 'SCOPE_NEEDED' ? `${detail} (here: --scope)` : detail;
  } catch {
    // Not ours, then.
  }
  return `it answers ${response.status}`;
}

function causeOf(error: unknown): string {
  const { cause } = error as { cause?: { code?: unknown } };
  return typeof cause?.code === 'string' ? cause.code : error instanceof Error ? error.message : String(error);
}
