import { SecretKeys } from '@ossea/api-contract';
import type { Command } from 'commander';
import type { Acting } from '../invocation.js';
import { startJob, withWait, type WaitOption } from '../job-waiting.js';
import { SECRET_KEY } from '../output/columns.js';

const PATH = '/api/v1/admin/secrets';

/** The keys that seal secrets at the appliance. */
export function addSecretCommands(program: Command, acting: Acting): void {
  const secrets = program.command('secrets').description('the keys that seal stored secrets');
  secrets
    .command('keys')
    .description('which keys there are, and how many secrets each seals')
    .action(
      acting(async (call) => {
        const { value, body } = await (await call.api()).get(PATH, SecretKeys);
        call.print.list(value.items, body, SECRET_KEY);
      }),
    );
  withWait(
    secrets
      .command('rotate')
      .description('make a new key, seal every secret under it, and destroy the old one'),
  ).action(acting<[], WaitOption>((call, _args, options) => startJob(call, `${PATH}/rotate`, {}, options)));
  withWait(
    secrets
      .command('rewrap')
      .description('seal every secret under the present key, and destroy old ones that nothing needs'),
  ).action(acting<[], WaitOption>((call, _args, options) => startJob(call, `${PATH}/rewrap`, {}, options)));
}
