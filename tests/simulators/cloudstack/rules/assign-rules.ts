import type { Account, Volume } from '../state/model.js';
import type { World } from '../state/world.js';
import type { Rule } from './rule.js';

export interface Assigning {
  readonly world: World;
  readonly volume: Volume;
  readonly account: Account | undefined;
  readonly caller: Account;
}

const words = ({ name, id }: Volume): string => `{"name":"${name}","uuid":"${id}"}`;

export const ASSIGN_RULES: readonly Rule<Assigning>[] = [
  {
    refuses: ({ volume }) => volume.removed,
    text: ({ volume }) => `No volume was found with UUID [${volume.id}].`,
  },
  {
    refuses: ({ volume }) => volume.attachment !== undefined,
    as: 'permission',
    text: ({ volume }) =>
      `Volume [${words(volume)}] is attached to [VM instance {"uuid":"${volume.attachment!.machine.id}"}], so it ` +
      'cannot be moved to a different account.',
  },
  {
    refuses: ({ world, volume }) => world.goodSnapshots().some((snapshot) => snapshot.volume === volume),
    as: 'permission',
    text: ({ volume }) =>
      `Volume [${words(volume)}] has snapshots. Remove the volume's snapshots before assigning it to another account.`,
  },
  {
    refuses: ({ account }) => !account || account.removed,
    text: 'UUID of the destination account is invalid. No account was found with UUID [null].',
  },
  {
    refuses: ({ account, volume }) => account === volume.account,
    text: ({ account }) => `The new account and the old account are the same [${account!.name}].`,
  },
  {
    refuses: ({ account, caller }) => !caller.isRootAdmin && account !== caller,
    as: 'permission',
    text: ({ account, caller }) =>
      `Acct[${caller.id}-${caller.name}] does not have permission to operate with resource Acct[${account!.id}]`,
  },
];
