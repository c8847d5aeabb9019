import { describe, expect, it } from 'vitest';
import { clientTls, isMutual, serverTls } from '../../pipeline/tls.ts';

const messages = (schema: typeof serverTls | typeof clientTls, value: unknown): string[] => {
  const parsed = schema.safeParse(value);
  return parsed.success ? [] : parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
};
const pair = { cert_file: 'c.pem', key_file: 'k.pem' };

describe('tls of a listener', () => {
  it('takes the keys of the Go collector, and TLS 1.2 is the oldest by default', () => {
    const value = serverTls.parse({
      ...pair,
      client_ca_file: 'ca.pem',
      max_version: '1.3',
      cipher_suites: ['TLS_AES_128_GCM_SHA256'],
    });
    expect(value).toMatchObject({ ...pair, min_version: '1.2', max_version: '1.3', reload_interval: 10_000 });
    expect(isMutual(value)).toBe(true);
    expect(isMutual(serverTls.parse(pair))).toBe(false);
  });
  it('refuses TLS 1.0 and 1.1', () => {
    for (const min_version of ['1.0', '1.1', 1.2]) {
      expect(messages(serverTls, { ...pair, min_version })).toEqual(['min_version: must be "1.2" or "1.3", in quotes']);
    }
  });
  it('needs a certificate and its key, each given once', () => {
    expect(messages(serverTls, {})).toEqual(['cert_file: is missing: a TLS listener needs cert_file and key_file']);
    expect(messages(serverTls, { cert_file: 'c' })).toEqual([': for auth via TLS, provide both certificate and key, or neither']);
    expect(messages(serverTls, { ...pair, key_pem: 'x' })).toEqual(['key_pem: give key_file or key_pem, not both']);
    expect(messages(serverTls, { ...pair, min_version: '1.3', max_version: '1.2' })).toEqual([
      'max_version: must not be older than min_version',
    ]);
  });
});

describe('tls of an exporter', () => {
  it('is verification with the built-in authorities by default', () => {
    expect(clientTls.parse({})).toMatchObject({ insecure: false, insecure_skip_verify: false, min_version: '1.2' });
  });
  it('takes a certificate of ours with its key only', () => {
    expect(messages(clientTls, { key_file: 'k' })).toEqual([': for auth via TLS, provide both certificate and key, or neither']);
    expect(messages(clientTls, { ca_file: 'a', ca_pem: 'b' })).toEqual(['ca_pem: give ca_file or ca_pem, not both']);
  });
});
