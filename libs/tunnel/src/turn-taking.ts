/** So many turns in a second, after a first number of them at once. */
export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

export interface TurnRates {
  /** Of one address. */
  readonly each: Rate;
  /** Of all together. */
  readonly all: Rate;
}

interface Bucket {
  turns: number;
  atMs: number;
}

interface Waiting {
  readonly address: string;
  readonly begin: (mayGo: boolean) => void;
}

const LOOK_EVERY_MS = 50;
const MAX_BUCKETS = 10_000;

/**
 * Gives out turns for work that costs us more than whoever asks for it: so many a second for each address, and in all.
 * Who comes too soon waits; those who wait are served in the order they came, an address that has used up its own
 * turns holding up nobody else.
 */
export class TurnTaking {
  private readonly buckets = new Map<string, Bucket>();
  private readonly waiting: Waiting[] = [];
  private readonly everybody: Bucket;
  private timer: NodeJS.Timeout | undefined;

  /** @param now milliseconds that never go back; replaceable in tests. */
  constructor(
    private readonly rates: TurnRates,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.everybody = { turns: rates.all.burst, atMs: now() };
  }

  /** How many wait. */
  get size(): number {
    return this.waiting.length;
  }

  /**
   * Resolves when it is this one's turn: `true`, or `false` when it gave up before.
   * @param gaveUp settles when nobody wants the turn any more.
   */
  turn(address: string, gaveUp: Promise<unknown>): Promise<boolean> {
    return new Promise((resolve) => {
      const entry: Waiting = { address, begin: resolve };
      this.waiting.push(entry);
      void gaveUp.then(() => {
        const at = this.waiting.indexOf(entry);
        if (at < 0) return;
        this.waiting.splice(at, 1);
        resolve(false);
      });
      this.serve();
    });
  }

  private takeNow(address: string): boolean {
    const own = this.bucketOf(address);
    if (!this.has(this.everybody, this.rates.all) || !this.has(own, this.rates.each)) return false;
    own.turns -= 1;
    this.everybody.turns -= 1;
    return true;
  }

  /**
   * Takes turns away from an address whose turn was wasted, so that who only tries comes seldom and who belongs here pays
   * nothing. It owes no more than one burst: somebody else may stand behind the same address.
   */
  charge(address: string, turns: number): void {
    const own = this.bucketOf(address);
    this.has(own, this.rates.each);
    own.turns = Math.max(-this.rates.each.burst, own.turns - turns);
  }

  /** Lets everybody go who waits, without a turn. */
  close(): void {
    clearTimeout(this.timer);
    for (const { begin } of this.waiting.splice(0)) begin(false);
  }

  private serve(): void {
    clearTimeout(this.timer);
    const { all } = this.rates;
    for (let at = 0; at < this.waiting.length;) {
      if (!this.has(this.everybody, all)) break;
      const entry = this.waiting[at] as Waiting;
      if (!this.takeNow(entry.address)) {
        at += 1;
        continue;
      }
      this.waiting.splice(at, 1);
      entry.begin(true);
    }
    if (this.waiting.length > 0) this.timer = setTimeout(() => this.serve(), LOOK_EVERY_MS).unref();
  }

  private has(bucket: Bucket, { perSecond, burst }: Rate): boolean {
    const nowMs = this.now();
    bucket.turns = Math.min(burst, bucket.turns + ((nowMs - bucket.atMs) * perSecond) / 1_000);
    bucket.atMs = nowMs;
    return bucket.turns >= 1;
  }

  private bucketOf(address: string): Bucket {
    const found = this.buckets.get(address) ?? { turns: this.rates.each.burst, atMs: this.now() };
    // moved to the end: the one that was quiet longest is the first to be forgotten, and has a full bucket again
    this.buckets.delete(address);
    this.buckets.set(address, found);
    const [oldest] = this.buckets.keys();
    if (this.buckets.size > MAX_BUCKETS && oldest !== undefined) this.buckets.delete(oldest);
    return found;
  }
}
