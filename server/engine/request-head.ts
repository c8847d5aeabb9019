import { assert } from '../../pipeline/assert.ts';
import type { ClientCertificate } from '../../pipeline/auth.ts';
import type { HttpHead } from '../../pipeline/host.ts';

/** `contentLength` of a request whose framing the engine let pass and we do not. */
export const BAD_FRAMING = -2;

/**
 * The head of one request. Its headers belong to the engine and are lent while `head` runs.
 */
export abstract class RequestHead<Headers> implements HttpHead {
  state: unknown = undefined;
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly contentLength: number;
  #lent: Headers | undefined;

  constructor(method: string, path: string, query: string, contentLength: number, headers: Headers) {
    this.method = method;
    this.path = path;
    this.query = query;
    this.contentLength = contentLength;
    this.#lent = headers;
  }

  get certificate(): ClientCertificate | undefined {
    return undefined;
  }

  abstract get remoteAddress(): string;
  abstract header(name: string): string;
  abstract headers(): Record<string, string>;

  takeBack(): void {
    this.#lent = undefined;
  }

  protected get lent(): Headers {
    assert(this.#lent !== undefined, 'a request header is read after `head` returned');
    return this.#lent;
  }
}

const DIGITS = /^\d{1,15}$/;

/**
 * Body length by RFC 9112 6.3: -1 chunked, 0 none. Undefined = the header is absent; a header that came twice is given
 * as a list, and as such refused, also where both say the same. Engines have their own check; this one is the same for
 * all.
 */
export function bodyLength(contentLength: string | undefined, transferEncoding: string | undefined): number {
  if (transferEncoding !== undefined) {
    return contentLength === undefined && transferEncoding.toLowerCase() === 'chunked' ? -1 : BAD_FRAMING;
  }
  if (contentLength === undefined) return 0;
  return DIGITS.test(contentLength) ? Number(contentLength) : BAD_FRAMING;
}
