/** A domain as the matrix compares it, and as the name of a feature flag. Pure text; nothing is looked up. */

/**
 * `https://API.example.com.:8443/x` → `api.example.com`: no scheme, user, port, path, final dot or upper case;
 * international names in their ASCII form (`bücher.example` → `xn--bcher-kva.example`). What is no host name comes back as it
 * is, in lower case, and matches nothing.
 */
export function normaliseDomain(text: string): string {
  const authority = text
    .trim()
    .toLowerCase()
    .replace(/^[a-z][a-z0-9+.-]*:\/\//, '')
    .replace(/[/?#].*$/s, '')
    .replace(/^.*@/s, '');
  // More than one colon outside brackets: an IPv6 address, whose last group is no port.
  const host = /^[^[\]]*:[^[\]]*:/.test(authority) ? authority : authority.replace(/:\d+$/, '');
  return asciiOf(host.replace(/\.$/, ''));
}

function asciiOf(host: string): string {
  // eslint-disable-next-line no-control-regex -- everything outside ASCII is what it is about
  if (!/[^\u0000-\u007f]/.test(host)) return host;
  try {
    return new URL(`http://${host}`).hostname.replace(/\.$/, '');
  } catch {
    return host;
  }
}

/** RFC 1123 labels, 253 characters in all; or an IP address. */
const HOST_NAME = /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*$/;
const IPV6 = /^\[?[0-9a-f:]*:[0-9a-f:.]*\]?$/;

/** Is it a host name in the form `normaliseDomain` gives? */
export function isDomain(text: string): boolean {
  return text === normaliseDomain(text) && (HOST_NAME.test(text) || IPV6.test(text));
}

/**
 * The feature flag of the tenant with this domain: `apple.factory-wager.com` → `APPLE_FACTORY_WAGER_COM_TENANT`. Always an
 * identifier; '' for an empty domain. Two domains that differ in punctuation only share a flag: the matrix check
 * "one flag per domain" refuses them side by side.
 */
export function domainToFeature(domain: string): string {
  const name = normaliseDomain(domain)
    .toUpperCase()
    .replace(/[^A-Z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '');
  if (name === '') return '';
  return `${/^\d/.test(name) ? '_' : ''}${name}_TENANT`;
}
