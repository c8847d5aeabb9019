import { readFileSync, statSync } from 'node:fs';
import { createSecureContext, getCiphers, rootCertificates, type ConnectionOptions, type SecureContextOptions } from 'node:tls';
import { StartError } from './errors.ts';
import type { ClientTls, ServerTls, TlsVersion } from './tls.ts';

/** Reads what `tls:` names, for listeners and exporters alike, and looks whether it has changed. */

type OwnKeys = Pick<
  ServerTls,
  'cert_file' | 'cert_pem' | 'key_file' | 'key_pem' | 'min_version' | 'max_version' | 'cipher_suites'
>;

const NODE_VERSION: Readonly<Record<TlsVersion, 'TLSv1.2' | 'TLSv1.3'>> = { '1.2': 'TLSv1.2', '1.3': 'TLSv1.3' };

/** What node:tls needs of a listener. Throws a StartError that names the file and never holds a piece of it. */
export function serverMaterial(tls: ServerTls): SecureContextOptions {
  const ca = tls.client_ca_pem ?? read(tls.client_ca_file, 'client_ca_file');
  return checked({ ...ownMaterial(tls), ...(ca === undefined ? {} : { ca }) });
}

/** What node:tls needs of a client. Throws a StartError. */
export function clientMaterial(tls: ClientTls): ConnectionOptions {
  const own = tls.ca_pem ?? read(tls.ca_file, 'ca_file');
  const ca = own === undefined ? undefined : tls.include_system_ca_certs_pool ? [own, ...rootCertificates] : [own];
  const material = checked({ ...ownMaterial(tls), ...(ca === undefined ? {} : { ca }) });
  const options: ConnectionOptions = { ...material, rejectUnauthorized: !tls.insecure_skip_verify };
  return tls.server_name_override === undefined ? options : { ...options, servername: tls.server_name_override };
}

function ownMaterial(tls: OwnKeys): SecureContextOptions {
  const cert = tls.cert_pem ?? read(tls.cert_file, 'cert_file');
  const key = tls.key_pem ?? read(tls.key_file, 'key_file');
  return {
    minVersion: NODE_VERSION[tls.min_version],
    ...(tls.max_version === undefined ? {} : { maxVersion: NODE_VERSION[tls.max_version] }),
    ...(cert === undefined || key === undefined ? {} : { cert, key }),
    ...(tls.cipher_suites.length === 0 ? {} : { ciphers: tls.cipher_suites.map(openSslName).join(':'), honorCipherOrder: true }),
  };
}

/** Node finds a key that does not fit, or PEM that is none, only when it is used. */
function checked(material: SecureContextOptions): SecureContextOptions {
  try {
    createSecureContext(material);
    return material;
  } catch (error) {
    const { code, reason } = error as NodeJS.ErrnoException & { reason?: string };
    const cause =
      code === 'ERR_OSSL_X509_KEY_VALUES_MISMATCH'
        ? 'the key is not the one of the certificate'
        : (reason ?? code ?? 'unknown fault');
    throw new StartError(`cannot use the TLS certificate, key or authorities: ${cause}`);
  }
}

function read(path: string | undefined, option: string): string | undefined {
  if (path === undefined) return undefined;
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new StartError(
      `cannot read ${option} ${path}: ${code === 'ENOENT' ? 'there is no such file' : (code ?? 'unknown fault')}`,
    );
  }
  // To node:tls it would be no certificate at all; it is seen where one is just being written.
  if (text.trim() === '') throw new StartError(`cannot read ${option} ${path}: the file is empty`);
  return text;
}

/** The Go collector writes the IANA's names: `TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256` → `ECDHE-RSA-AES128-GCM-SHA256`. */
function openSslName(name: string): string {
  const plain = name
    .replace(/^TLS_(?=.*_WITH_)/, '')
    .replace('_WITH_', '_')
    .replace(/^RSA_(?=AES|CHACHA)/, '')
    .replace(/AES_(\d+)/, 'AES$1')
    .replace(/_CBC(?=_SHA)/, '')
    .replace('CHACHA20_POLY1305_SHA256', 'CHACHA20_POLY1305');
  const found = name.startsWith('TLS_') && !name.includes('_WITH_') ? name : plain.replaceAll('_', '-');
  if (!getCiphers().includes(found.toLowerCase()))
    throw new StartError(`cannot use the cipher suite ${name}: this Node has none of that name`);
  return found;
}

/** The files that `tls:` names. */
export function tlsFiles(tls: ServerTls | ClientTls): string[] {
  const authorities = 'client_ca_file' in tls ? tls.client_ca_file : 'ca_file' in tls ? tls.ca_file : undefined;
  return [tls.cert_file, tls.key_file, authorities].filter((path) => path !== undefined);
}

function stampOf(path: string): string {
  try {
    const { mtimeMs, size, ino } = statSync(path);
    return `${mtimeMs}:${size}:${ino}`;
  } catch {
    return '';
  }
}

/**
 * Calls `changed` when one of the files is another one than before. Looks by the clock, as links and mounts that
 * orchestrators swap are seen by no watcher. Keeps no process alive; returns the end of it.
 */
export function watchTlsFiles(tls: ServerTls | ClientTls, changed: () => void): () => void {
  const files = tlsFiles(tls);
  if (tls.reload_interval === 0 || files.length === 0) return () => {};
  const stamps = (): string => files.map(stampOf).join(' ');
  let before = stamps();
  const timer = setInterval(() => {
    const now = stamps();
    if (now === before) return;
    before = now;
    changed();
  }, tls.reload_interval);
  timer.unref();
  return () => clearInterval(timer);
}
