import { isIPv6 } from 'node:net';
import { LIMITS } from '../../pipeline/limits.ts';

interface Failures {
  count: number;
  sinceMs: number;
  lockedUntilMs: number;
  /** Lock-outs in a row. */
  locks: number;
}

/**
 * Addresses that fail too often are told to wait, without a look at what they bring: guessing is slow, and a flood of bad
 * tokens costs a table look-up each. A network of IPv6 (/64) counts as one address, for its owner has all of it.
 */
export class Lockout {
  readonly #now: () => number;
  /** In the order of the last failure. */
  readonly #addresses = new Map<string, Failures>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Milliseconds to wait; 0 = not locked. */
  lockedMs(address: string): number {
    const failures = this.#addresses.get(networkOf(address));
    return failures === undefined ? 0 : Math.max(0, failures.lockedUntilMs - this.#now());
  }

  /** True when this failure locks the address. */
  failed(address: string): boolean {
    const nowMs = this.#now();
    const network = networkOf(address);
    const failures = this.#addresses.get(network) ?? { count: 0, sinceMs: nowMs, lockedUntilMs: 0, locks: 0 };
    this.#addresses.delete(network);
    if (this.#addresses.size >= LIMITS.authAddresses) this.#addresses.delete(this.#addresses.keys().next().value as string);
    this.#addresses.set(network, failures);
    if (nowMs < failures.lockedUntilMs) return false; // begun before the lock
    if (nowMs - failures.sinceMs >= LIMITS.authFailureWindowMs) {
      failures.count = 0;
      failures.sinceMs = nowMs;
      // Quiet for as long as the last lock-out: it begins again with a short one.
      if (nowMs - failures.lockedUntilMs >= lockMs(failures.locks)) failures.locks = 0;
    }
    failures.count += 1;
    if (failures.count <= LIMITS.authFailures) return false;
    failures.locks += 1;
    failures.lockedUntilMs = nowMs + lockMs(failures.locks);
    failures.count = 0;
    failures.sinceMs = failures.lockedUntilMs;
    return true;
  }

  get size(): number {
    return this.#addresses.size;
  }
}

const lockMs = (locks: number): number => Math.min(LIMITS.authLockoutMaxMs, LIMITS.authLockoutMs * 2 ** Math.max(0, locks - 1));

const IPV4_MAPPED = /^(?:::|(?:0+:){5})ffff:(\d+\.\d+\.\d+\.\d+)$/i;
const NETWORK_GROUPS = 4;
const ALL_GROUPS = 8;

/** `2001:db8:1:2:3::4` → `2001:db8:1:2`; an IPv4 address stays what it is, also when it is written as IPv6. */
export function networkOf(address: string): string {
  const mapped = IPV4_MAPPED.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  const plain = address.split('%', 1)[0] ?? '';
  if (!isIPv6(plain)) return address;
  const [before = '', after] = plain.split('::');
  const head = before === '' ? [] : before.split(':');
  const tail = after === undefined || after === '' ? [] : after.split(':');
  // An IPv4 address at the end stands for two groups.
  const tailGroups = tail.length + (tail.at(-1)?.includes('.') === true ? 1 : 0);
  const zeros = after === undefined ? 0 : ALL_GROUPS - head.length - tailGroups;
  const groups = [...head, ...Array.from({ length: zeros }, () => '0'), ...tail];
  return groups
    .slice(0, NETWORK_GROUPS)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':');
}
