/** Headers that are made from the bytes of a request, as they go over the wire. */
export type RequestSigner = (wire: Uint8Array) => Readonly<Record<string, string>>;
let signer: RequestSigner | undefined;

/** From now on the requests of this thread are signed; `undefined` ends it. By itself, so that a thread that only says so does
 *  not load what sends them. */
export function signRequests(by: RequestSigner | undefined): void {
  signer = by;
}

/** For a copy of this module: what exports from the application's thread is a bundle of its own. */
export function requestSignerHere(): RequestSigner | undefined {
  return signer;
}

/** No headers where nothing is signed. */
export function signatureOf(wire: Uint8Array): Readonly<Record<string, string>> | undefined {
  return signer?.(wire);
}
