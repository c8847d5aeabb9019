import type { AuthConfig, ClientCertificate, Principal } from '../../pipeline/auth.ts';

/** Which certificate subjects are whom. The whole subject is looked for first, then its `CN=`, then its other names. */
export class CertificateNames {
  readonly #config: AuthConfig['certificates'];
  readonly #principals = new Map<string, Principal>();

  constructor(config: AuthConfig['certificates']) {
    this.#config = config;
  }

  find(certificate: ClientCertificate, known: readonly string[]): Principal | undefined {
    for (const name of [certificate.subject, ...certificate.names]) {
      const found = this.#principals.get(name) ?? this.#make(name, known);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #make(name: string, known: readonly string[]): Principal | undefined {
    if (!Object.hasOwn(this.#config, name)) return undefined;
    const { scopes, permissions } = this.#config[name]!;
    const principal: Principal = {
      subject: name,
      scopes: scopes.filter((scope) => known.includes(scope)),
      permissions: new Set(permissions),
      method: 'certificate',
    };
    this.#principals.set(name, principal);
    return principal;
  }
}
