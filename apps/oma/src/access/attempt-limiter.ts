import { MigrationError } from '@ossea/errors';
import { isIPv6 } from 'node:net';

/** Failures that cost nothing: people mistype. */
const FREE_FAILURES = 5;
const FIRST_WAIT_MS = 1_000;
const MAX_WAIT_MS = 300_000;
/** After so long without a failure all is forgotten. */
const FORGET_MS = 900_000;
const MAX_ADDRESSES = 10_000;

interface Attempts {
  failures: number;
  lastMs: number;
  openAtMs: number;
}

/** Makes guessing slow, for each address by itself: others are not locked out by what one does. */
export class AttemptLimiter {
  private readonly addresses = new Map<string, Attempts>();

  constructor(private readonly now: () => number = Date.now) {}

  /** Throws `access.throttled` while the address must wait. */
  check(address: string): void {
    const record = this.addresses.get(networkOf(address));
    const waitMs = record ? record.openAtMs - this.now() : 0;
    if (waitMs <= 0) return;
    throw new MigrationError('access.throttled', 'There were too many wrong attempts from this address.', {
      context: { retryAfterSeconds: Math.ceil(waitMs / 1000) },
    });
  }

  failed(address: string): void {
    const now = this.now();
    const network = networkOf(address);
    const known = this.addresses.get(network);
    const failures = known && now - known.lastMs < FORGET_MS ? known.failures + 1 : 1;
    const waitMs =
      failures < FREE_FAILURES ? 0 : Math.min(MAX_WAIT_MS, FIRST_WAIT_MS * 2 ** (failures - FREE_FAILURES));
    // moved to the end: the one that was quiet longest is the first to be forgotten
    this.addresses.delete(network);
    this.addresses.set(network, { failures, lastMs: now, openAtMs: now + waitMs });
    const [oldest] = this.addresses.keys();
    if (this.addresses.size > MAX_ADDRESSES && oldest !== undefined) this.addresses.delete(oldest);
  }

  succeeded(address: string): void {
    this.addresses.delete(networkOf(address));
  }
}

/** One subscriber has a whole /64 of IPv6, so that is what counts. */
function networkOf(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/, '');
  if (!isIPv6(plain)) return plain;
  const [head = '', tail = ''] = plain.split('%')[0]?.split('::') ?? [];
  const groups = head === '' ? [] : head.split(':');
  const last = tail === '' ? [] : tail.split(':');
  const zeroes = plain.includes('::') ? Array<string>(8 - groups.length - last.length).fill('0') : [];
  return [...groups, ...zeroes, ...last].slice(0, 4).join(':');
}
