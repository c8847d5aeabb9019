import { PERMISSIONS, type Permission } from '../../pipeline/auth.ts';
import { parseDuration } from '../../pipeline/config-types.ts';
import { StartError } from '../../pipeline/errors.ts';
import { scopeNames } from '../../pipeline/scope/matrix.ts';
import { createToken, readToken, revokeToken } from '../../server/auth/issue.ts';
import { Tokens, type TokenRefusal } from '../../server/auth/tokens.ts';
import { loadOrRefuse, type ConfigOptions } from './configs.ts';

/** `periscope token …`: with the keys that the configuration names, or the one under its storage.directory. */

export interface TokenCreateOptions extends ConfigOptions {
  readonly subject: string;
  readonly scopes: string;
  readonly permissions: string;
  readonly expires: string;
}

const MS_PER_DAY = 86_400_000;

/** The token alone, so that `$(periscope token create …)` is one. */
export async function createTokenText(options: TokenCreateOptions): Promise<string> {
  const { loaded } = await loadOrRefuse(options);
  const known = scopeNames(loaded.matrix);
  const scopes = list(options.scopes);
  const unknown = scopes.find((scope) => !known.includes(scope));
  if (unknown !== undefined)
    throw new StartError(`cannot create a token: there is no scope "${unknown}" (known: ${known.join(', ')})`);
  if (scopes.length === 0) throw new StartError('cannot create a token: it needs --scopes');
  const permissions = list(options.permissions).map((name): Permission => {
    const found = PERMISSIONS.find((each) => each === name);
    if (found === undefined)
      throw new StartError(`cannot create a token: there is no permission "${name}" (known: ${PERMISSIONS.join(', ')})`);
    return found;
  });
  const lifeMs = lifeOf(options.expires);
  const request = { subject: options.subject, scopes, permissions, lifeMs };
  return createToken(loaded.auth.tokens, loaded.plan.storage.directory, request);
}

/** What it says, and whether a collector with this configuration takes it. `good` false = exit 1. */
export async function inspectToken(token: string, options: ConfigOptions): Promise<{ text: string; good: boolean }> {
  const { header, claims } = readToken(token);
  const { loaded } = await loadOrRefuse(options);
  const tokens = new Tokens({
    config: loaded.auth.tokens,
    storageDirectory: loaded.plan.storage.directory,
    known: scopeNames(loaded.matrix),
    now: Date.now,
    warn: () => {},
  });
  const result = await tokens.check(token);
  const good = !('ok' in result);
  const verdict = good ? { valid: true, as: result.scopes } : { valid: false, because: (result as TokenRefusal).message };
  const expires = claims.exp === undefined ? undefined : new Date(claims.exp * 1000).toISOString();
  return { text: JSON.stringify({ header, claims, expires, ...verdict }, undefined, 2), good };
}

export async function revokeTokenText(tokenOrId: string, options: ConfigOptions): Promise<string> {
  const { loaded } = await loadOrRefuse(options);
  const { name, path } = revokeToken(loaded.auth.tokens, loaded.plan.storage.directory, tokenOrId);
  return `revoked ${name}: a collector that reads ${path} refuses it from the next second on`;
}

/** `-` is what comes in on stdin: arguments are seen by everybody who lists processes. */
export async function tokenArgument(given: string): Promise<string> {
  if (given !== '-') return given.trim();
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString().trim();
}

const list = (text: string): string[] => [...new Set(text.split(',').map((word) => word.trim()))].filter((word) => word !== '');

/** A Go duration, or days: `90d`. */
function lifeOf(text: string): number {
  const days = /^(\d+)d$/.exec(text.trim())?.[1];
  const ms = days === undefined ? parseDuration(text) : Number(days) * MS_PER_DAY;
  if (ms === undefined) throw new StartError(`cannot create a token: "${text}" is no duration; write 12h or 90d`);
  return ms;
}
