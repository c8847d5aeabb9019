import { hash, timingSafeEqual } from 'node:crypto';

/** SHA-256: what secrets are known by in tables, so that a look-up tells nothing about them by its time. */
export const digestOf = (secret: string): string => hash('sha256', secret, 'base64url');

/** In a time that says nothing about where, or in which length, the two differ. */
export function sameSecret(left: string, right: string): boolean {
  return timingSafeEqual(hash('sha256', left, 'buffer'), hash('sha256', right, 'buffer'));
}
