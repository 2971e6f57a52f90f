import { hash, verify } from '@node-rs/argon2';
import { MigrationError } from '@ossea/errors';
import { Semaphore } from 'async-mutex';

/** Argon2id, the library's default, with 64 MiB and three passes (RFC 9106, section 4, the second choice, on one lane). */
const COST = { memoryCost: 65_536, timeCost: 3, parallelism: 1 } as const;

/** Comparisons at once, and those that may wait: each takes 64 MiB and a tenth of a second of a core. */
const AT_ONCE = 2;
const MAX_WAITING = 40;
/** Of one network: somebody else's flood must leave room in the queue. */
const MAX_WAITING_PER_NETWORK = 8;

/** Makes and compares the hashes of passwords, a few at a time. */
export class Passwords {
  private readonly turns = new Semaphore(AT_ONCE);
  private readonly waiting = new Map<string, number>();
  /** Compared with where there is no such user, so that both take as long. */
  private nobody: Promise<string> | undefined;

  /** The hash of a password, in the form that names its own cost. */
  hash(password: string): Promise<string> {
    return hash(normalised(password), COST);
  }

  /**
   * Whether it is the password of this hash; without a hash it takes as long, and is never.
   * @param network who asks.
   * @param stillWorthIt throws when the answer is not needed any more; asked when it is this one's turn.
   * @throws `access.throttled` when too many ask at this moment.
   */
  async isRight(
    password: string,
    known: string | null | undefined,
    { network, stillWorthIt }: { readonly network: string; readonly stillWorthIt: () => void },
  ): Promise<boolean> {
    this.join(network);
    try {
      return await this.turns.runExclusive(async () => {
        stillWorthIt();
        this.nobody ??= this.hash('nobody');
        const isIt = await verify(known ?? (await this.nobody), normalised(password)).catch(() => false);
        return isIt && known != null;
      });
    } finally {
      this.leave(network);
    }
  }

  private join(network: string): void {
    const same = this.waiting.get(network) ?? 0;
    const all = [...this.waiting.values()].reduce((sum, one) => sum + one, 0);
    if (same >= MAX_WAITING_PER_NETWORK || all >= MAX_WAITING)
      throw new MigrationError('access.throttled', 'Too many people sign in at this moment.', {
        context: { retryAfterSeconds: 2 },
      });
    this.waiting.set(network, same + 1);
  }

  private leave(network: string): void {
    const left = (this.waiting.get(network) ?? 1) - 1;
    if (left > 0) this.waiting.set(network, left);
    else this.waiting.delete(network);
  }
}

/** The same password, however the keyboard composed its letters. */
function normalised(password: string): string {
  return password.normalize('NFKC');
}
