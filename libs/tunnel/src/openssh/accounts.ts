import { MigrationError } from '@ossea/errors';
import type { ProcessRunner } from '@ossea/process';
import type { AccountNames } from './settings.js';

export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

export type Accounts = Readonly<Record<keyof AccountNames, Account>>;

/** What getent(1) exits with when there is no such entry. */
const NO_SUCH_ENTRY = 2;

/**
 * Looks the OS users up.
 * @throws `config.missing` for one that is not there, `config.invalid` for one that sshd would never let in.
 */
export async function findAccounts(
  runner: ProcessRunner,
  names: AccountNames,
  signal: AbortSignal,
): Promise<Accounts> {
  const [tunnel, enrol, keys] = await Promise.all(
    [names.tunnel, names.enrol, names.keys].map((name) => findAccount(runner, name, signal)),
  );
  if (!tunnel || !enrol || !keys || new Set([tunnel.uid, enrol.uid, keys.uid, 0]).size !== 4)
    throw new MigrationError(
      'config.invalid',
      'tunnel.transport: expected three different OS users for openssh, none of them root.',
    );
  for (const { name } of [tunnel, enrol]) await refuseLocked(runner, name, signal);
  return { tunnel, enrol, keys };
}

async function findAccount(runner: ProcessRunner, name: string, signal: AbortSignal): Promise<Account> {
  const [, , uid, gid] = (await entry(runner, 'passwd', name, signal))?.split(':') ?? [];
  if (uid === undefined || gid === undefined)
    throw new MigrationError(
      'config.missing',
      `tunnel.transport: expected the OS user "${name}" for openssh; appliance-image/oma/oma-openssh.sysusers makes it.`,
    );
  return { name, uid: Number(uid), gid: Number(gid) };
}

/** Without PAM sshd refuses everyone whose password field begins with `!`, which is what systemd-sysusers writes. */
async function refuseLocked(runner: ProcessRunner, name: string, signal: AbortSignal): Promise<void> {
  const password = (await entry(runner, 'shadow', name, signal))?.split(':')[1];
  if (password?.startsWith('!'))
    throw new MigrationError(
      'config.invalid',
      `tunnel.transport: expected the OS user "${name}" to be without a password but not locked: usermod -p '*' ${name}`,
    );
}

async function entry(
  runner: ProcessRunner,
  table: string,
  name: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { stdout } = await runner.exec(
    { command: 'getent', args: [table, name], okCodes: [NO_SUCH_ENTRY], timeoutMs: 10_000 },
    { signal },
  );
  return stdout.split('\n')[0] || undefined;
}
