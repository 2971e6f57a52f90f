import { createHash, randomInt, timingSafeEqual } from 'node:crypto';

/** Nothing in it is mistaken for something else. */
const ALPHABET = '23456789ABCDEFGHJKMNPQRSTVWXYZ';
const GROUPS = 5;
const GROUP_CHARS = 4;
/** 97 random bits are not guessed; a flood of guesses is made slow all the same. */
const TRIES_PER_MINUTE = 10;
const MINUTE_MS = 60_000;

/** What whoever uses the first-boot page must have read on the console of this VMA. A new one at every start. */
export class ConsoleCode {
  readonly text = Array.from({ length: GROUPS }, () =>
    Array.from({ length: GROUP_CHARS }, () => ALPHABET[randomInt(ALPHABET.length)]).join(''),
  ).join('-');
  private tried: number[] = [];

  /** @param now milliseconds that never go back; replaceable in tests. */
  constructor(private readonly now: () => number = () => performance.now()) {}

  /** `too-often` says nothing about this guess. */
  check(given: string): 'right' | 'wrong' | 'too-often' {
    const nowMs = this.now();
    this.tried = this.tried.filter((atMs) => nowMs - atMs < MINUTE_MS);
    if (this.tried.length >= TRIES_PER_MINUTE) return 'too-often';
    if (timingSafeEqual(digest(given), digest(this.text))) return 'right';
    this.tried.push(nowMs);
    return 'wrong';
  }
}

/** Of equal length for every input; case and gaps are not part of the code. */
function digest(code: string): Buffer {
  return createHash('sha256').update(code.toUpperCase().replace(/[\s-]/g, '')).digest();
}
