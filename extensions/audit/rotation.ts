import { createPublicKey, sign, verify, type KeyObject } from 'node:crypto';
import { fingerprintOf } from './checkpoint.ts';
import { canonical } from './record.ts';

/** Where a key hands over: the end of the chain, which both keys sign as a checkpoint does. */
export interface RotationPlace {
  readonly stream: string;
  readonly segment: number;
  readonly seq: number;
  readonly hash: string;
  readonly time: string;
}

export interface HandOver extends RotationPlace {
  /** Fingerprints; both keys themselves as base64 of their SPKI DER, so that a line proves itself. */
  readonly key: string;
  readonly public_key: string;
  readonly next_key: string;
  readonly next_public_key: string;
}

/**
 * A line of the checkpoint file: from record `seq` + 1 on another key signs. Ed25519 over `periscope.audit.rotation.v1\n`
 * and the hand-over as RFC 8785 writes it, by the outgoing key, which endorses the next one, and by that one, which so
 * vouches for what it was handed; base64.
 */
export interface Rotation {
  readonly rotation: HandOver;
  readonly signature: string;
  readonly next_signature: string;
}

const DOMAIN = 'periscope.audit.rotation.v1\n';
const messageOf = (rotation: HandOver): Buffer => Buffer.from(DOMAIN + canonical(rotation));

export function handOver(place: RotationPlace, from: KeyObject, to: KeyObject): Rotation {
  const rotation: HandOver = {
    ...place,
    key: fingerprintOf(from),
    public_key: spkiOf(from),
    next_key: fingerprintOf(to),
    next_public_key: spkiOf(to),
  };
  const message = messageOf(rotation);
  return {
    rotation,
    signature: sign(null, message, from).toString('base64'),
    next_signature: sign(null, message, to).toString('base64'),
  };
}

export const rotationLine = (rotation: Rotation): string => `${canonical(rotation)}\n`;

/** Undefined when the line is no rotation. Its signatures are not looked at. */
export function readRotation(line: string): Rotation | undefined {
  try {
    const value = JSON.parse(line) as Partial<Rotation> | null;
    const found = value?.rotation;
    const { stream, segment, seq, hash, time, key, public_key, next_key, next_public_key } = found ?? ({} as Partial<HandOver>);
    const texts = [stream, hash, time, key, public_key, next_key, next_public_key, value?.signature, value?.next_signature];
    const whole =
      texts.every((text) => typeof text === 'string') && [segment, seq].every((number) => Number.isSafeInteger(number));
    if (!whole) return undefined;
    const { signature, next_signature } = value as Rotation;
    const rotation = { stream, segment, seq, hash, time, key, public_key, next_key, next_public_key } as HandOver;
    return { rotation, signature, next_signature };
  } catch {
    return undefined;
  }
}

/** A line that was cut off is no rotation: the key before it still signs. */
export function rotationsOf(text: string): Rotation[] {
  return text.split('\n').flatMap((line) => readRotation(line) ?? []);
}

/** Both keys of a rotation that they have signed; undefined when it proves nothing. */
export function keysOf({ rotation, signature, next_signature }: Rotation): { from: KeyObject; to: KeyObject } | undefined {
  try {
    const from = publicKeyOf(rotation.public_key);
    const to = publicKeyOf(rotation.next_public_key);
    if (fingerprintOf(from) !== rotation.key || fingerprintOf(to) !== rotation.next_key) return undefined;
    const message = messageOf(rotation);
    const signed = (key: KeyObject, text: string): boolean => verify(null, message, key, Buffer.from(text, 'base64'));
    return signed(from, signature) && signed(to, next_signature) ? { from, to } : undefined;
  } catch {
    return undefined;
  }
}

/** Only Ed25519: with another kind the same call would mean another signature. */
function publicKeyOf(spki: string): KeyObject {
  const key = createPublicKey({ key: Buffer.from(spki, 'base64'), format: 'der', type: 'spki' });
  if (key.asymmetricKeyType !== 'ed25519') throw new Error('no Ed25519 key');
  return key;
}

const spkiOf = (key: KeyObject): string => createPublicKey(key).export({ type: 'spki', format: 'der' }).toString('base64');
