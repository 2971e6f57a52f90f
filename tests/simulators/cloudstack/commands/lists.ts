import { ApiError } from '../protocol/api-error.js';
import type { Payload } from '../protocol/answer-text.js';
import type { Account } from '../state/model.js';
import type { Call } from './call.js';

/** Which rows the caller sees: its own, unless it is a root admin that asks for all or for one by its id. */
export function inScope(call: Call): (row: { readonly account: Account | undefined }) => boolean {
  const { caller, cloud } = call;
  // there are no projects, and so nothing in them
  if (call.projectId !== undefined) return () => false;
  const name = call.text('account');
  if (name !== undefined) {
    const domainId = call.text('domainid');
    const named = cloud.world.accounts
      .all()
      .find((account) => account.name === name && account.domainId === (domainId ?? caller.domainId));
    if (!named || (!caller.isRootAdmin && named !== caller))
      throw new ApiError('permission', `Unable to find account ${name} in domain ${domainId ?? ''}`);
    return ({ account }) => account === named;
  }
  const all = caller.isRootAdmin && (call.flag('listall') || call.text('id') !== undefined);
  return all ? () => true : ({ account }) => account === caller;
}

/** Keeps what has one of the tags that were asked for; without a value the key is enough. */
export function hasTags(call: Call): (row: { readonly id: string }) => boolean {
  const wanted = call.elements('tags');
  if (wanted.length === 0) return () => true;
  return ({ id }) =>
    call.cloud.world
      .tagsOf(id)
      .some(({ key, value }) =>
        wanted.some((tag) => tag.get('key') === key && (tag.get('value') ?? value) === value),
      );
}

/** A condition on a field that holds when the parameter is not there. */
export function equals<T>(call: Call, name: string, field: (row: T) => unknown): (row: T) => boolean {
  const wanted = call.text(name);
  return wanted === undefined
    ? () => true
    : (row) => String(field(row)).toLowerCase() === wanted.toLowerCase();
}

/** The same for names, of which a part is enough. */
export function contains<T>(call: Call, name: string, field: (row: T) => string): (row: T) => boolean {
  const wanted = call.text(name)?.toLowerCase();
  return wanted === undefined ? () => true : (row) => field(row).toLowerCase().includes(wanted);
}

export function byIds(call: Call): (row: { readonly id: string }) => boolean {
  const ids = [...(call.list('ids') ?? []), ...(call.text('id') === undefined ? [] : [call.text('id')!])];
  return ids.length === 0 ? () => true : ({ id }) => ids.includes(id);
}

export const all =
  <T>(...conditions: readonly ((row: T) => boolean)[]): ((row: T) => boolean) =>
  (row) =>
    conditions.every((condition) => condition(row));

/** The page of a list that was asked for: an empty list has neither a count nor an array. */
export function listed<T>(call: Call, key: string, rows: readonly T[], view: (row: T) => Payload): Payload {
  const { first, length } = pageOf(call);
  if (rows.length === 0) return {};
  const page = rows.slice(first, first + length);
  return { count: rows.length, ...(page.length > 0 ? { [key]: page.map(view) } : {}) };
}

function pageOf(call: Call): { readonly first: number; readonly length: number } {
  const page = call.number('page');
  const size = call.number('pagesize');
  const { pageSize: most } = call.cloud.settings;
  if (page === undefined && size !== undefined && size !== -1)
    throw new ApiError('parameter', '"page" parameter is required when "pagesize" is specified');
  if (page !== undefined && size === undefined)
    throw new ApiError('parameter', '"pagesize" parameter is required when "page" is specified');
  if (most !== -1 && size !== undefined && size > most)
    throw new ApiError('invalidValue', `Page size can't exceed max allowed page size value: ${most}`);
  if (size === -1 && page !== undefined)
    throw new ApiError('invalidValue', "Can't specify page parameter when pagesize is -1 (Unlimited)");
  const length = size === undefined ? most : size;
  // with a server's limit, unlimited is just the limit
  const taken = length === -1 ? (most === -1 ? Infinity : most) : length;
  return { first: page !== undefined && page > 0 ? (page - 1) * taken : 0, length: taken };
}
