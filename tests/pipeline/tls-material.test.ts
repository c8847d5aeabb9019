import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { clientTls, serverTls } from '../../pipeline/tls.ts';
import { clientMaterial, serverMaterial, tlsFiles, watchTlsFiles } from '../../pipeline/tls-material.ts';
import { Authority } from '../support/certificates.ts';
import { temporaryFolders } from '../support/temporary.ts';

const folder = temporaryFolders();
const authority = new Authority();
const { cert, key } = authority.issueServer();
const pem = { cert_pem: cert, key_pem: key };

describe('what a listener needs', () => {
  it('comes from files or from the text itself', () => {
    const directory = folder();
    const paths = { cert_file: join(directory, 'c'), key_file: join(directory, 'k'), client_ca_file: join(directory, 'a') };
    for (const [path, text] of [
      [paths.cert_file, cert],
      [paths.key_file, key],
      [paths.client_ca_file, authority.cert],
    ] as const)
      writeFileSync(path, text);
    const expected = { cert, key, ca: authority.cert, minVersion: 'TLSv1.2' };
    expect(serverMaterial(serverTls.parse(paths))).toEqual(expected);
    expect(serverMaterial(serverTls.parse({ ...pem, client_ca_pem: authority.cert }))).toEqual(expected);
    expect(tlsFiles(serverTls.parse(paths))).toEqual(Object.values(paths));
  });

  it.each(['cert_file', 'key_file', 'client_ca_file'])(
    'a %s that is empty is a fault: node:tls would go without it',
    (option) => {
      const directory = folder();
      const paths = { cert_file: join(directory, 'c'), key_file: join(directory, 'k'), client_ca_file: join(directory, 'a') };
      for (const [name, text] of Object.entries({ cert_file: cert, key_file: key, client_ca_file: authority.cert }))
        writeFileSync(paths[name as keyof typeof paths], name === option ? '\n' : text);
      expect(() => serverMaterial(serverTls.parse(paths))).toThrow(`cannot read ${option}`);
    },
  );

  it('never shows a key in its complaint', () => {
    const broken = key.replace(/[A-Za-z]{6}/, 'QQQQQQ');
    for (const key_pem of ['hunter2', broken]) {
      try {
        serverMaterial(serverTls.parse({ cert_pem: cert, key_pem }));
        expect.unreachable();
      } catch (error) {
        expect(String(error)).toMatch(/^StartError: cannot use the TLS certificate, key or authorities: /);
        expect(String(error)).not.toContain(key_pem.slice(0, 7));
      }
    }
  });

  it.each([
    ['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', 'ECDHE-RSA-AES128-GCM-SHA256'],
    ['TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256', 'ECDHE-ECDSA-CHACHA20-POLY1305'],
    ['TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA', 'ECDHE-RSA-AES256-SHA'],
    ['TLS_RSA_WITH_AES_256_GCM_SHA384', 'AES256-GCM-SHA384'],
    ['TLS_AES_256_GCM_SHA384', 'TLS_AES_256_GCM_SHA384'],
    ['ECDHE-RSA-AES128-GCM-SHA256', 'ECDHE-RSA-AES128-GCM-SHA256'],
  ])('the cipher suite %s is %s to OpenSSL', (name, expected) => {
    expect(serverMaterial(serverTls.parse({ ...pem, cipher_suites: [name] })).ciphers).toBe(expected);
  });
});

describe('what a client needs', () => {
  it('trusts what it is told to, and the built-in authorities only when asked', () => {
    expect(clientMaterial(clientTls.parse({}))).toEqual({ minVersion: 'TLSv1.2', rejectUnauthorized: true });
    expect(clientMaterial(clientTls.parse({ ca_pem: authority.cert })).ca).toEqual([authority.cert]);
    const both = clientMaterial(clientTls.parse({ ca_pem: authority.cert, include_system_ca_certs_pool: true })).ca;
    expect(both).toHaveLength(rootCertificates.length + 1);
    expect(clientMaterial(clientTls.parse({ insecure_skip_verify: true, server_name_override: 'x' }))).toMatchObject({
      rejectUnauthorized: false,
      servername: 'x',
    });
  });
});

describe('changed files', () => {
  it('are seen, also when one comes back after it was gone; an end is an end', async () => {
    const path = join(folder(), 'c');
    writeFileSync(path, '1');
    let changes = 0;
    const end = watchTlsFiles(clientTls.parse({ ca_file: path, reload_interval: '5ms' }), () => (changes += 1));
    writeFileSync(path, 'two');
    while (changes < 1) await new Promise((resolve) => setTimeout(resolve, 2));
    end();
    writeFileSync(path, 'three');
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(changes).toBe(1);
  });
});
