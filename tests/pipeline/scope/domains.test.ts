import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { domainToFeature, isDomain, normaliseDomain } from '../../../pipeline/scope/domains.ts';

describe('a domain in normal form', () => {
  it.each([
    [' HTTPS://A.Example.com.:80/p ', 'a.example.com'],
    ['localhost:3000', 'localhost'],
    ['https://user:secret@api.duoplus.io?x#y', 'api.duoplus.io'],
    ['bücher.example', 'xn--bcher-kva.example'],
    ['BÜCHER.Example:443', 'xn--bcher-kva.example'],
    ['[::1]:4318', '[::1]'],
    ['2001:db8::1', '2001:db8::1'],
    ['', ''],
  ])('%j is %j', (text, domain) => {
    expect(normaliseDomain(text)).toBe(domain);
  });

  it('stays as it is when it has it already', () => {
    const host = fc.oneof(fc.domain(), fc.ipV4(), fc.ipV6(), fc.webUrl(), fc.string({ unit: 'grapheme', maxLength: 30 }));
    fc.assert(
      fc.property(host, (text) => {
        const domain = normaliseDomain(text);
        if (isDomain(domain)) expect(normaliseDomain(domain)).toBe(domain);
      }),
      { endOnFailure: true },
    );
  });

  it.each(['a b', 'a..b', '-a.com', 'a/b', 'A.com', `${'a'.repeat(64)}.com`, 'ä.com', ''])('%j is none', (text) => {
    expect(isDomain(text)).toBe(false);
  });

  it('every domain of the internet is one', () => {
    fc.assert(
      fc.property(fc.domain(), (domain) => {
        expect(isDomain(domain.toLowerCase())).toBe(true);
      }),
      { endOnFailure: true },
    );
  });
});

describe('the flag of a domain', () => {
  it.each([
    ['apple.factory-wager.com', 'APPLE_FACTORY_WAGER_COM_TENANT'],
    ['https://Apple.Factory-Wager.com:443/', 'APPLE_FACTORY_WAGER_COM_TENANT'],
    ['1password.com', '_1PASSWORD_COM_TENANT'],
    ['bücher.example', 'XN_BCHER_KVA_EXAMPLE_TENANT'],
    ['localhost', 'LOCALHOST_TENANT'],
    ['', ''],
    ['...', ''],
  ])('%j: %j', (domain, flag) => {
    expect(domainToFeature(domain)).toBe(flag);
  });

  it('is an identifier, whatever the text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.domain(), fc.string({ unit: 'binary', maxLength: 40 })), (text) => {
        expect(domainToFeature(text)).toMatch(/^([A-Z_][A-Z0-9_]*_TENANT)?$/);
      }),
      { endOnFailure: true },
    );
  });
});
