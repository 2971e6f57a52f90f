import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { isLoopback } from '../http/tls.js';
import { AttemptLimiter } from './attempt-limiter.js';
import { FamiliarNetwork, type User } from './access.entities.js';
import { networkOf } from '@ossea/tunnel';

const FREE_OF_A_NETWORK = 5;
const FREE_OF_AN_ACCOUNT = 20;
const FAMILIAR_MS = 90 * 86_400_000;

export interface Attempt {
  readonly network: string;
  /** The account that was named, whether or not it exists: both are counted, so that neither is told apart. */
  readonly account: string;
  /** From a network where this user has signed in before, or from the appliance itself. */
  readonly familiar: boolean;
}

/**
 * Makes guessing slow without giving anybody the means to lock somebody else out. A network waits for its own
 * failures. An account that is attacked from everywhere waits, too, but only for those who come from where its user
 * never came from: its user, at the usual desk or at the appliance itself, does not notice.
 */
@Injectable()
export class SignInLimits {
  private readonly networks = new AttemptLimiter(FREE_OF_A_NETWORK);
  private readonly accounts = new AttemptLimiter(FREE_OF_AN_ACCOUNT);

  constructor(private readonly database: DataSource) {}

  async attempt(address: string, account: string, user: User | undefined): Promise<Attempt> {
    const network = networkOf(address);
    return { network, account, familiar: await this.isFamiliar(network, user) };
  }

  /** Throws `access.throttled` while this attempt must wait. */
  check({ network, account, familiar }: Attempt): void {
    this.networks.check(pair(network, familiar ? account : undefined));
    if (!familiar) this.accounts.check(account);
  }

  failed({ network, account, familiar }: Attempt): void {
    this.networks.failed(pair(network, familiar ? account : undefined));
    if (!familiar) this.accounts.failed(account);
  }

  async succeeded({ network, account, familiar }: Attempt, user: User): Promise<void> {
    this.networks.succeeded(pair(network, familiar ? account : undefined));
    await this.database.getRepository(FamiliarNetwork).save({ userId: user.id, network, lastAt: new Date() });
  }

  private async isFamiliar(network: string, user: User | undefined): Promise<boolean> {
    if (!user) return false;
    if (isLoopback(network) || network === '0:0:0:0') return true;
    const row = await this.database.getRepository(FamiliarNetwork).findOneBy({ userId: user.id, network });
    return row !== null && row.lastAt.getTime() > Date.now() - FAMILIAR_MS;
  }
}

/** Behind one address many people may sit: at a familiar desk each account waits for its own failures only. */
function pair(network: string, account: string | undefined): string {
  return account === undefined ? network : `${network} ${account}`;
}
