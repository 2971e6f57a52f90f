import { ApiFault } from './api-fault.js';
import { GatewayTrouble } from './answer.js';
import { Unanswered } from './http-transport.js';

/** What a request met, and whether and when it is sent again. */
interface Rule {
  readonly met: (fault: unknown) => boolean;
  /** `read`: only what changes nothing. `any`: the server has certainly not begun, so a write may go again too. */
  readonly again: 'read' | 'any';
  /** Times it is sent in all. */
  readonly tries: number;
  /** Before the second time; doubled each time. */
  readonly delayMs: number;
}

const refused = (code: number) => (fault: unknown) =>
  fault instanceof ApiFault && !fault.inJob && fault.errorCode === code;

const RULES: readonly Rule[] = [
  // counted before the command is looked at (CloudStack ApiRateLimitServiceImpl.checkAccess)
  { met: refused(429), again: 'any', tries: 8, delayMs: 1_000 },
  { met: (fault) => fault instanceof Unanswered && !fault.sent, again: 'any', tries: 3, delayMs: 500 },
  { met: (fault) => fault instanceof Unanswered, again: 'read', tries: 3, delayMs: 500 },
  { met: (fault) => fault instanceof GatewayTrouble, again: 'read', tries: 4, delayMs: 2_000 },
  { met: refused(503), again: 'read', tries: 4, delayMs: 2_000 },
  { met: refused(530), again: 'read', tries: 3, delayMs: 500 },
];
const MAX_DELAY_MS = 120_000;

/**
 * How long to wait before a request is sent again; `undefined` where it must not or need not be.
 * @param tries how often it has been sent.
 * @returns milliseconds. Of a throttled account those that the server has named.
 */
export function delayBeforeNext(fault: unknown, kind: 'read' | 'write', tries: number): number | undefined {
  const rule = RULES.find(({ met }) => met(fault));
  if (!rule || tries >= rule.tries || (kind === 'write' && rule.again !== 'any')) return undefined;
  const named = fault instanceof ApiFault ? namedDelay(fault) : undefined;
  // apart from each other: all that is under way is refused at the same moment
  const delay = named ?? rule.delayMs * 2 ** (tries - 1) * (0.5 + Math.random());
  return Math.min(delay, MAX_DELAY_MS);
}

/** "…please retry after [N] ms." (CloudStack ApiRateLimitServiceImpl). */
function namedDelay({ errorCode, text }: ApiFault): number | undefined {
  if (errorCode !== 429) return undefined;
  const ms = Number(/retry after \[?(\d+)\]? ?ms/i.exec(text)?.[1] ?? Number.NaN);
  return Number.isNaN(ms) ? undefined : ms + 50;
}
