import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';
import { ownBytes, postBytes, requestFault } from '../../../agent/embed/own-bytes.ts';

function shared(text: string): Uint8Array {
  const bytes = new Uint8Array(new SharedArrayBuffer(text.length));
  bytes.set(Buffer.from(text));
  return bytes;
}

function posted(bytes: Uint8Array, transfer: boolean): Uint8Array {
  const { port1, port2 } = new MessageChannel();
  postBytes(bytes, transfer, (own, list) => port1.postMessage(own, list));
  const { message } = receiveMessageOnPort(port2) as { message: Uint8Array };
  port1.close();
  return message;
}

describe.each([
  ['within this thread', ownBytes],
  ['to another thread', posted],
])('%s: bytes that are handed over', (_where, owned) => {
  it('are the same bytes, whatever they are a part of, and nobody else can write them', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(20), fc.nat(20), fc.boolean(), (content, before, after, transfer) => {
        const whole = new Uint8Array(before + content.length + after);
        whole.set(content, before);
        const own = owned(whole.subarray(before, before + content.length), transfer);
        if (whole.length > 0) whole.fill(255);
        expect(own).toEqual(content);
        expect(whole.length).toBe(transfer && content.length > 0 ? 0 : before + content.length + after);
      }),
      { endOnFailure: true },
    );
  });

  it.each([
    ["Node's pool", () => Buffer.from('pooled')],
    ['shared memory', () => shared('pooled')],
  ])('of %s are copied, asked for or not', (_name, make) => {
    const bytes = make();
    expect(Buffer.from(owned(bytes, true)).toString()).toBe('pooled');
    expect(bytes.length).toBe(6);
  });

  it('that were given away before are empty, not a fault', () => {
    const bytes = new Uint8Array(3);
    owned(bytes, true);
    expect(owned(bytes, true).length).toBe(0);
  });
});

describe('a request', () => {
  it.each([
    ['logs', [1], undefined, 'MALFORMED'],
    ['logs', new ArrayBuffer(3), undefined, 'MALFORMED'],
    ['logs', new Proxy(new Uint8Array(3), {}), undefined, 'MALFORMED'],
    ['log', new Uint8Array(), undefined, 'NOT_FOUND'],
    ['__proto__', new Uint8Array(), undefined, 'NOT_FOUND'],
    [undefined, new Uint8Array(), undefined, 'NOT_FOUND'],
    [Symbol('logs'), new Uint8Array(), undefined, 'NOT_FOUND'],
    [Object.create(null), new Uint8Array(), undefined, 'NOT_FOUND'],
    ['logs', new Uint8Array(), null, 'MALFORMED'],
    ['logs', new Uint8Array(), { receiver: Symbol('otlp') }, 'MALFORMED'],
    ['logs', new Uint8Array(), { receiver: Object.create(null) }, 'MALFORMED'],
  ])('of %o, %o, %o is refused, and nothing throws', (signal, bytes, options, code) => {
    expect(requestFault(signal, bytes, options)).toMatchObject({ ok: false, code, retryable: false });
  });

  it('of bytes is none, also where their class is another: in a vm, as test runners have it', () => {
    const ofAnother = runInNewContext('new Uint8Array([1, 2])') as Uint8Array;
    expect(ofAnother).not.toBeInstanceOf(Uint8Array);
    expect(requestFault('logs', ofAnother, {})).toBeUndefined();
    expect([...posted(ofAnother, false)]).toEqual([1, 2]);
    expect(requestFault('logs', Buffer.from(''), { receiver: 'otlp/acme', transfer: true })).toBeUndefined();
  });
});
