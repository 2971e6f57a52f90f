import { ApiError } from '../protocol/api-error.js';
import type { Account } from '../state/model.js';
import type { Call } from './call.js';

/** Whose a thing becomes that a call creates: the caller's, unless a root admin names somebody else. */
export function ownerOf(call: Call): Account {
  const name = call.text('account');
  if (name === undefined) return call.caller;
  const domainId = call.text('domainid') ?? call.caller.domainId;
  const found = call.cloud.world.accounts
    .all()
    .find((account) => account.name === name && account.domainId === domainId);
  if (found && (call.caller.isRootAdmin || found === call.caller)) return found;
  throw new ApiError('permission', `Unable to find account ${name} in domain ${domainId}`);
}
