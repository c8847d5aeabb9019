import type { AuthConfig, Principal } from '../../pipeline/auth.ts';
import { sameSecret } from './digest.ts';
import { readConfiguredFile } from './private-file.ts';

/** Users with passwords (RFC 7617), for senders that can do nothing else. */
export class BasicUsers {
  readonly #users = new Map<string, { readonly password: string; readonly principal: Principal }>();

  /** Throws a StartError when a password file cannot be read. */
  constructor(users: AuthConfig['basic']) {
    for (const [subject, { password, password_file, scopes, permissions }] of Object.entries(users)) {
      const written =
        password ?? readConfiguredFile(password_file ?? '', `auth::basic::${subject}::password_file`).replace(/\r?\n$/, '');
      const principal: Principal = { subject, scopes, permissions: new Set(permissions), method: 'basic' };
      this.#users.set(subject, { password: written, principal });
    }
  }

  /** `encoded`: base64 of `user:password`. */
  find(encoded: string): Principal | undefined {
    const text = Buffer.from(encoded, 'base64').toString();
    const colon = text.indexOf(':');
    const found = colon < 0 ? undefined : this.#users.get(text.slice(0, colon));
    // An unknown user takes as long as a wrong password.
    const same = sameSecret(text.slice(colon + 1), found?.password ?? '');
    return same && found !== undefined && found.password !== '' ? found.principal : undefined;
  }
}
