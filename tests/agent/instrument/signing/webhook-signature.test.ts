import { createHmac, timingSafeEqual } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { requestSigner } from '../../../../agent/instrument/signing/webhook-signature.ts';

/** A receiver's side, as the specification words it. */
function verifies(key: Buffer, headers: Readonly<Record<string, string>>, body: Uint8Array): boolean {
  const signed = Buffer.concat([Buffer.from(`${headers['webhook-id']}.${headers['webhook-timestamp']}.`), body]);
  const wanted = Buffer.from(`v1,${createHmac('sha256', key).update(signed).digest('base64')}`);
  const given = Buffer.from(headers['webhook-signature'] ?? '');
  return wanted.length === given.length && timingSafeEqual(wanted, given);
}

const body = Uint8Array.from({ length: 300 }, (_, index) => index % 256);

describe('the signature of a request', () => {
  it('is the one of the example in the specification', () => {
    const sign = requestSigner(
      'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
      () => 1_614_265_330_000,
      () => 'p5jXN8AQM9LWM0D4loKWxJek',
    );
    expect(sign?.(Buffer.from('{"test": 2432232314}'))).toEqual({
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    });
  });

  it('holds for these bytes and this key, and for no others', () => {
    const headers = requestSigner('secret')!(body);
    expect(verifies(Buffer.from('secret'), headers, body)).toBe(true);
    expect(verifies(Buffer.from('Secret'), headers, body)).toBe(false);
    expect(verifies(Buffer.from('secret'), headers, body.with(7, 0))).toBe(false);
    expect(verifies(Buffer.from('secret'), { ...headers, 'webhook-timestamp': '1' }, body)).toBe(false);
  });

  it('is another one for each request', () => {
    const sign = requestSigner('secret')!;
    expect(sign(body)['webhook-id']).not.toBe(sign(body)['webhook-id']);
  });

  it.each(['', 'whsec_'])('is none with the secret %j', (secret) => {
    expect(requestSigner(secret)).toBeUndefined();
  });
});
