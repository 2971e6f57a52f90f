import type { Cloud } from '../cloud.js';
import type { Payload } from '../protocol/answer-text.js';
import type { Account } from '../state/model.js';

/** Whose something is. */
export function ownership({ world }: Cloud, account: Account): Payload {
  const domain = world.domains.find(account.domainId);
  return {
    account: account.name,
    domainid: account.domainId,
    domain: domain?.name,
    domainpath: domain?.path,
  };
}

export function tagsView({ world }: Cloud, id: string): Payload[] {
  return world.tagsOf(id).map(({ key, value, resourceId, resourceType, account }) => ({
    key,
    value,
    resourceid: resourceId,
    resourcetype: resourceType,
    account: account.name,
    domainid: account.domainId,
  }));
}
