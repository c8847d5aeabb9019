import { type AuthMethod, type Credentials, isRefused, lacks, type Principal } from '../../pipeline/auth.ts';
import type { Origin } from '../../pipeline/batch/batch.ts';
import type { Context, Refusal } from '../../pipeline/component.ts';
import { type Binding, bindingOfListener, bindingOfPrincipal } from '../../pipeline/scope/binding.ts';
import { LOOPBACK } from './listener-config.ts';

/** What a listener's config says about who may send to it. */
export interface SenderConfig {
  readonly endpoint: string;
  readonly scope?: string | undefined;
  readonly auth?: readonly AuthMethod[] | undefined;
}

/** As whom one listener takes its data: the same rules for HTTP and gRPC. */
export class Senders {
  readonly #context: Context;
  readonly #methods: readonly AuthMethod[];
  readonly #scope: string | undefined;
  readonly #ofProcess: Binding;
  readonly #anybody: Origin;

  constructor(config: SenderConfig, transport: Origin['transport'], ofProcess: Binding, context: Context) {
    this.#context = context;
    this.#methods = config.auth ?? [];
    this.#scope = config.scope;
    this.#ofProcess = ofProcess;
    const binding = bindingOfListener({ scope: config.scope, local: LOOPBACK.test(config.endpoint) }, ofProcess);
    this.#anybody = { receiver: context.id, transport, binding };
  }

  /** The origin of what needs no credentials; undefined when senders must show who they are (`authenticate`). */
  get open(): Origin | undefined {
    return this.#methods.length === 0 ? this.#anybody : undefined;
  }

  /** `chosen`: the value of SCOPE_HEADER, '' without one. A promise only when a signature must be checked. */
  authenticate(credentials: Credentials, chosen: string): Origin | Refusal | Promise<Origin | Refusal> {
    const result = this.#context.host.authenticate(this.#methods, credentials);
    if (result instanceof Promise) return result.then((late) => (isRefused(late) ? late : this.#originOf(late, chosen)));
    return isRefused(result) ? result : this.#originOf(result, chosen);
  }

  /** `sender` with what belongs to this request alone. */
  requestOrigin(sender: Origin, head: { readonly remoteAddress: string }, metadata: Origin['metadata']): Origin {
    if (!this.#context.host.audit.active) return metadata === undefined ? sender : { ...sender, metadata };
    return metadata === undefined ? { ...sender, head } : { ...sender, head, metadata };
  }

  #originOf(principal: Principal, chosen: string): Origin | Refusal {
    const lacking = lacks(principal, 'ingest');
    if (lacking !== undefined) return lacking;
    const binding = bindingOfPrincipal(principal, this.#scope, chosen, this.#ofProcess);
    return 'ok' in binding ? binding : { ...this.#anybody, binding, user: principal.subject };
  }
}

/** Metadata travels with the data: a sender's secrets must not. */
export function withoutCredentials(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const { authorization: _authorization, cookie: _cookie, 'proxy-authorization': _proxy, ...others } = headers;
  return others;
}
