import type { DetailedPeerCertificate, PeerCertificate, TLSSocket } from 'node:tls';
import type { ClientCertificate } from '../../pipeline/auth.ts';

/** Read once per connection: Node copies the whole certificate for each question. */
const known = new WeakMap<TLSSocket, { readonly certificate: ClientCertificate | undefined }>();

/** Of a connection that TLS has verified against the listener's authorities, else undefined. */
export function certificateOf(socket: TLSSocket): ClientCertificate | undefined {
  let found = known.get(socket);
  if (found === undefined) {
    found = { certificate: socket.authorized ? namesOf(socket.getPeerCertificate()) : undefined };
    known.set(socket, found);
  }
  return found.certificate;
}

/** Undefined when there is none. */
export function namesOf(certificate: PeerCertificate | DetailedPeerCertificate): ClientCertificate | undefined {
  const { subject, subjectaltname, valid_to: validTo } = certificate;
  const expiresMs = Date.parse(validTo ?? '');
  if (Number.isNaN(expiresMs)) return undefined;
  const parts = Object.entries(subject ?? {}).flatMap(([type, value]) =>
    [value].flat().map((one) => [type, String(one)] as const),
  );
  const common = parts.filter(([type]) => type === 'CN');
  return {
    subject: parts.map(([type, value]) => `${type}=${escaped(value)}`).join(','),
    // A subject with two common names is two people: it counts as a whole only.
    names: [
      ...(common.length === 1 ? common.map(([, value]) => `CN=${escaped(value)}`) : []),
      ...alternativeNames(subjectaltname ?? ''),
    ],
    expiresMs,
  };
}

/** RFC 4514: `a,O=Acme` in a common name must not read as an organisation. */
const escaped = (value: string): string =>
  value
    .replaceAll(/[\\",+;<>=]/g, (character) => `\\${character}`)
    .replaceAll(/\p{Cc}/gu, (character) => `\\${character.charCodeAt(0).toString(16).padStart(2, '0')}`)
    .replace(/^[ #]/, (character) => `\\${character}`);

/** Node writes `DNS:a, URI:b`, and quotes a value that could be taken for another name: then none is taken. */
function alternativeNames(text: string): string[] {
  return text.includes('"') ? [] : text.split(', ').filter((name) => /^(?:DNS|URI|email):./.test(name));
}
