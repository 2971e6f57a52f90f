import { mayCall, type Cloud } from '../cloud.js';
import type { Account } from '../state/model.js';
import { ApiError, UNVERIFIED_TEXT } from './api-error.js';
import { parseExpires } from './expires.js';
import { isSignedBy } from './signature.js';

/** The longest that a request may be good for, when the server enforces that there is an end. */
const LONGEST_MS = 15 * 60_000;

/** Finds one parameter by its name in any case; the last one in the order of signing counts. */
function anyCase(parameters: ReadonlyMap<string, string>, name: string): string | undefined {
  const sorted = [...parameters].sort(([a], [b]) => (a < b ? -1 : 1));
  return sorted.findLast(([other]) => other.toLowerCase() === name)?.[1];
}

/**
 * Who sent a request whose command exists, by the server's own steps and in their order: what a role lacks and what is
 * too much is answered before the signature is looked at.
 */
export function authenticate(
  cloud: Cloud,
  command: { readonly name: string; readonly rootAdminOnly?: boolean },
  parameters: ReadonlyMap<string, string>,
): Account {
  const refused = new ApiError('unauthorized', UNVERIFIED_TEXT);
  const signature = anyCase(parameters, 'signature');
  const apiKey = anyCase(parameters, 'apikey');
  if (signature === undefined || apiKey === undefined || !isInTime(cloud, parameters)) throw refused;
  const account = cloud.world.accounts.all().find((one) => one.apiKey === apiKey);
  if (!account) throw refused;
  // the parts of the server that check a command count it as well
  cloud.throttle.count(account);
  if (!mayCall(cloud, account, command))
    throw new ApiError(
      'notAvailable',
      `The given command '${command.name}' either does not exist, is not available for user.`,
    );
  if (!isSignedBy(parameters, signature, account.secretKey)) throw refused;
  return account;
}

function isInTime({ settings }: Cloud, parameters: ReadonlyMap<string, string>): boolean {
  if (anyCase(parameters, 'signatureversion') !== '3') return !settings.enforcePost;
  const expires = anyCase(parameters, 'expires');
  const at = expires === undefined ? undefined : parseExpires(expires);
  const now = Date.now() + settings.clockSkewMs;
  if (at === undefined || at < now) return false;
  return !settings.enforcePost || at <= now + LONGEST_MS;
}
