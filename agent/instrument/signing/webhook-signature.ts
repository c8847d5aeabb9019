import { createHmac, randomUUID } from 'node:crypto';

/** How a secret is written that is not taken as it stands: the rest is base64. */
const ENCODED = 'whsec_';

/**
 * Signs requests as Standard Webhooks has it (spec/standard-webhooks.md): HMAC-SHA256 over id, time and the bytes on the wire,
 * so that whoever shares the secret can tell that nobody changed or repeated them. Undefined for an empty secret.
 *
 * `secret`: text, or `whsec_` and base64. `now`: ms since 1970.
 */
export function requestSigner(
  secret: string,
  now: () => number = Date.now,
  newId: () => string = randomUUID,
): ((wire: Uint8Array) => Readonly<Record<string, string>>) | undefined {
  const key = secret.startsWith(ENCODED) ? Buffer.from(secret.slice(ENCODED.length), 'base64') : Buffer.from(secret);
  if (key.length === 0) return undefined;
  return (wire) => {
    const id = `msg_${newId()}`;
    const seconds = String(Math.floor(now() / 1000));
    const signature = createHmac('sha256', key).update(`${id}.${seconds}.`).update(wire).digest('base64');
    return { 'webhook-id': id, 'webhook-timestamp': seconds, 'webhook-signature': `v1,${signature}` };
  };
}
