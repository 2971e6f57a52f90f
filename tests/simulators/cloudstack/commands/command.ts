import type { Payload } from '../protocol/answer-text.js';
import type { Call } from './call.js';

/** What an id may name. */
export type Entity =
  | 'account'
  | 'diskOffering'
  | 'domain'
  | 'host'
  | 'job'
  | 'machine'
  | 'network'
  | 'networkOffering'
  | 'nic'
  | 'osCategory'
  | 'osType'
  | 'pool'
  | 'project'
  | 'serviceOffering'
  | 'snapshot'
  | 'template'
  | 'user'
  | 'vmSnapshot'
  | 'volume'
  | 'zone';

export type ParameterKind =
  | 'boolean'
  | 'csv'
  | 'integer'
  | 'long'
  | 'map'
  | 'string'
  | Entity
  /** Several ids, with commas. */
  | `${Entity}s`;

/** Parameters by name; `!` after the name says that it is required. */
export type Parameters = Readonly<Record<string, ParameterKind>>;

/** A command of the API. */
export interface Command {
  readonly name: string;
  /** Its package is not for ordinary users. */
  readonly rootAdminOnly?: boolean;
  readonly parameters: Parameters;
  /** The class of an asynchronous command's job. */
  readonly job?: string;
  readonly answer: (call: Call) => Payload | Promise<Payload>;
}

export const PAGED: Parameters = { keyword: 'string', page: 'integer', pagesize: 'integer' };

/** Of lists of what is offered to everybody. */
export const OFFERED: Parameters = {
  domainid: 'domain',
  listall: 'boolean',
  isrecursive: 'boolean',
  ...PAGED,
};

/** Of lists of what belongs to accounts. */
export const OWNED: Parameters = {
  account: 'string',
  projectid: 'project',
  ...OFFERED,
};

export const reads = ({ name }: Pick<Command, 'name'>): boolean => /^(list|get|query)/.test(name);
export const envelopeOf = ({ name }: Pick<Command, 'name'>): string => `${name.toLowerCase()}response`;
