import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DividedSite } from '../../chaos/tunnel/divided-site.js';
import { PROMISED_MS, planRounds, runRound, summary, type Outcome } from '../../chaos/tunnel/rounds.js';

/*
 * Three rounds unless told: `npm run chaos -- --suite tunnel` does many, and long ones.
 */
const rounds = planRounds(
  process.env['OSSEA_TUNNEL_ROUNDS'] ?? '3x10',
  Number(process.env['OSSEA_TUNNEL_SEED'] ?? 0),
);

describe('a tunnel is up within 30 s after', () => {
  let site: DividedSite;
  const outcomes: Outcome[] = [];
  beforeAll(async () => {
    site = await DividedSite.start();
  });
  afterAll(async () => {
    console.log(summary(outcomes));
    await site[Symbol.asyncDispose]();
  });

  it.each(rounds.map((round, index) => [index + 1, round.fault.name, round.seconds, round] as const))(
    'round %i: %s (%i s)',
    async (_number, _name, seconds, round) => {
      const outcome = await runRound(site, round);
      outcomes.push(outcome);
      expect(outcome.backAfterMs).toBeLessThan(PROMISED_MS);
      // nothing is for good, and nothing was lost of what happened
      expect((await site.history()).items.every(({ because }) => because.length > 0)).toBe(true);
      expect(seconds).toBe(round.seconds);
    },
    Math.max(...rounds.map(({ seconds }) => seconds)) * 1_000 + 180_000,
  );
});
