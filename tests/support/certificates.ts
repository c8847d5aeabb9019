import { createPublicKey, generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';

/** X.509 certificates for tests, made here: no OpenSSL on the machine, nothing stored that would expire. */
export interface Identity {
  readonly cert: string;
  readonly key: string;
}

export interface CertificateOptions {
  /** In order: `{ O: 'Acme', CN: 'agent-1' }`; a list for several of one kind. */
  readonly subject?: Readonly<Record<string, string | readonly string[]>>;
  readonly dns?: readonly string[];
  readonly ip?: readonly string[];
  readonly uri?: readonly string[];
  readonly notBefore?: Date;
  readonly notAfter?: Date;
}

type Subject = NonNullable<CertificateOptions['subject']>;

/** A certificate authority of a test's own. */
export class Authority {
  readonly cert: string;
  readonly #keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  readonly #name: Subject;

  constructor(commonName = 'Test CA') {
    this.#name = { CN: commonName };
    this.cert = certificate(this.#name, this.#name, this.#keys.publicKey, this.#keys.privateKey, { authority: true });
  }

  issue({ subject = { CN: 'localhost' }, ...options }: CertificateOptions = {}): Identity {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    return {
      cert: certificate(subject, this.#name, publicKey, this.#keys.privateKey, options),
      key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    };
  }

  /** For a listener on this machine. */
  issueServer(options: CertificateOptions = {}): Identity {
    return this.issue({ dns: ['localhost'], ip: ['127.0.0.1'], ...options });
  }
}

// ---- DER, as much of it as a certificate needs (X.690, RFC 5280) ----------------------------------------------------

const SEQUENCE = 0x30;
const SET = 0x31;
const OIDS: Readonly<Record<string, string>> = { CN: '2.5.4.3', C: '2.5.4.6', O: '2.5.4.10', OU: '2.5.4.11' };
const ECDSA_SHA256 = '1.2.840.10045.4.3.2';

function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

function oid(text: string): Buffer {
  const [first = 0, second = 0, ...rest] = text.split('.').map(Number);
  const bytes = [first * 40 + second];
  for (const number of rest) {
    const groups = [number & 0x7f];
    for (let left = number >>> 7; left > 0; left >>>= 7) groups.unshift((left & 0x7f) | 0x80);
    bytes.push(...groups);
  }
  return der(0x06, Buffer.from(bytes));
}

const utf8String = (text: string): Buffer => der(0x0c, Buffer.from(text));
const octets = (bytes: Uint8Array): Buffer => der(0x04, bytes);
const bits = (bytes: Uint8Array): Buffer => der(0x03, Buffer.from([0]), bytes);
const integer = (bytes: Uint8Array): Buffer => der(0x02, bytes);

function name(subject: Subject): Buffer {
  const parts = Object.entries(subject).flatMap(([type, value]) =>
    [value].flat().map((one) => der(SET, der(SEQUENCE, oid(OIDS[type] ?? type), utf8String(one)))),
  );
  return der(SEQUENCE, ...parts);
}

function time(date: Date): Buffer {
  const text = `${date.toISOString().replaceAll(/[-:T]|\.\d+/g, '')}`;
  return der(0x18, Buffer.from(text));
}

function alternativeNames({ dns = [], ip = [], uri = [] }: CertificateOptions): Buffer {
  const names = [
    ...dns.map((text) => der(0x82, Buffer.from(text))),
    ...uri.map((text) => der(0x86, Buffer.from(text))),
    ...ip.map((text) => der(0x87, Buffer.from(text.split('.').map(Number)))),
  ];
  return names.length === 0 ? Buffer.alloc(0) : extension('2.5.29.17', der(SEQUENCE, ...names));
}

const extension = (id: string, value: Uint8Array): Buffer => der(SEQUENCE, oid(id), octets(value));

function certificate(
  subject: Subject,
  issuer: Subject,
  publicKey: KeyObject,
  signer: KeyObject,
  options: CertificateOptions & { readonly authority?: boolean },
): string {
  const algorithm = der(SEQUENCE, oid(ECDSA_SHA256));
  const serial = Buffer.concat([Buffer.from([1]), randomBytes(8)]);
  const constraints = extension(
    '2.5.29.19',
    der(SEQUENCE, ...(options.authority === true ? [der(0x01, Buffer.from([0xff]))] : [])),
  );
  const body = der(
    SEQUENCE,
    der(0xa0, integer(Buffer.from([2]))),
    integer(serial),
    algorithm,
    name(issuer),
    der(
      SEQUENCE,
      time(options.notBefore ?? new Date(Date.now() - 3_600_000)),
      time(options.notAfter ?? new Date(Date.now() + 3_600_000)),
    ),
    name(subject),
    createPublicKey(publicKey.export({ type: 'spki', format: 'pem' })).export({ type: 'spki', format: 'der' }),
    der(0xa3, der(SEQUENCE, constraints, alternativeNames(options))),
  );
  const whole = der(SEQUENCE, body, algorithm, bits(sign('sha256', body, signer)));
  const lines = whole.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
