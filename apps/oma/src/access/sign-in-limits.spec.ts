import type { DataSource } from 'typeorm';
import { describe, expect, it } from 'vitest';
import type { FamiliarNetwork, User } from './access.entities.js';
import { SignInLimits } from './sign-in-limits.js';

const ADA = { id: 'usr_1', name: 'ada' } as User;

/** The one table that it looks into. */
function limitsKnowing(familiar: readonly string[]): SignInLimits {
  const rows = familiar.map((network) => ({ userId: ADA.id, network, lastAt: new Date() }));
  const repository = {
    findOneBy: ({ network }: FamiliarNetwork) =>
      Promise.resolve(rows.find((row) => row.network === network) ?? null),
    save: (row: FamiliarNetwork) => Promise.resolve(row),
  };
  return new SignInLimits({ getRepository: () => repository } as unknown as DataSource);
}

async function isThrottled(limits: SignInLimits, address: string, user: User | undefined = ADA) {
  const attempt = await limits.attempt(address, 'ada', user);
  try {
    limits.check(attempt);
    return false;
  } catch {
    return true;
  }
}

async function fail(limits: SignInLimits, address: string, times: number): Promise<void> {
  for (let i = 0; i < times; i += 1) limits.failed(await limits.attempt(address, 'ada', ADA));
}

describe('an account that is attacked from everywhere', () => {
  it('waits for strangers, and neither for its user at the usual desk nor at the appliance', async () => {
    const limits = limitsKnowing(['10.0.0.7']);
    for (let i = 0; i < 40; i += 1) await fail(limits, `203.0.113.${i}`, 1);
    expect(await isThrottled(limits, '203.0.113.200')).toBe(true);
    expect(await isThrottled(limits, '10.0.0.7')).toBe(false);
    expect(await isThrottled(limits, '127.0.0.1')).toBe(false);
    expect(await isThrottled(limits, '::1')).toBe(false);
  });

  it('is told apart by nobody from one that does not exist', async () => {
    const limits = limitsKnowing([]);
    for (let i = 0; i < 40; i += 1) limits.failed(await limits.attempt(`203.0.113.${i}`, 'ada', undefined));
    expect(await isThrottled(limits, '203.0.113.200', undefined)).toBe(true);
  });
});

describe('a desk behind whose address many people sit', () => {
  it('waits for each of them apart', async () => {
    const limits = limitsKnowing(['10.0.0.7']);
    await fail(limits, '10.0.0.7', 8);
    expect(await isThrottled(limits, '10.0.0.7')).toBe(true);
    const bob = { id: 'usr_1', name: 'bob' } as User;
    const attempt = await limits.attempt('10.0.0.7', 'bob', bob);
    expect(() => limits.check(attempt)).not.toThrow();
  });
});
