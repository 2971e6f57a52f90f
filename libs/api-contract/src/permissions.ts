import { z } from 'zod';
import type { FeedEventType } from './feed.js';

/*
 * Who may do what: one table. Every route and every socket event names one permission, and what names none is refused.
 */

export const Role = z
  .enum(['viewer', 'operator', 'approver', 'administrator', 'auditor', 'service'])
  .meta({ id: 'Role' });
export type Role = z.infer<typeof Role>;

/** What each role is for, in the words of the console. */
export const ROLES: Readonly<Record<Role, string>> = {
  viewer: 'Sees everything but users, audit and secrets; changes nothing.',
  operator: 'Adds machines, replicates them, and tests failovers.',
  approver: 'Lets VMAs in, and gives the word for live failovers, their commit and their way back.',
  administrator: 'Everything: also users, connections, keys and secrets.',
  auditor: 'Sees everything, also users and audit; changes nothing.',
  service: 'A program, which comes with a token and never with a password.',
};

interface Rule {
  /** For people. */
  readonly label: string;
  readonly roles: readonly Role[];
  /** The password must have been given within the last minutes; a token needs this very scope. */
  readonly recent?: true;
  /** Never with an API token, whatever its scopes. */
  readonly inPersonOnly?: true;
}

const EVERYBODY = Role.options;
const WORKERS = ['operator', 'administrator', 'service'] as const;
const DECIDERS = ['approver', 'administrator'] as const;

export const PERMISSIONS = {
  'self.use': { label: 'Use your own session', roles: EVERYBODY },
  'self.change': {
    label: 'Change your own password, sessions and tokens',
    roles: EVERYBODY,
    inPersonOnly: true,
  },
  'state.read': { label: 'See machines, cycles, failovers, VMAs and jobs', roles: EVERYBODY },
  'metrics.read': { label: 'Read metrics', roles: EVERYBODY },
  'machines.manage': { label: 'Discover machines and take them under management', roles: WORKERS },
  'machines.release': { label: 'End the management of a machine', roles: DECIDERS, recent: true },
  'networks.manage': { label: 'Map networks', roles: WORKERS },
  'replication.run': { label: 'Run and verify replication', roles: WORKERS },
  'jobs.cancel': { label: 'Cancel jobs', roles: [...WORKERS, 'approver'] },
  'failover.test': {
    label: 'Test failovers, and look at the console of their machines',
    roles: [...WORKERS, 'approver'],
  },
  'failover.live': {
    label: 'Fail over live, commit, and roll back',
    roles: [...DECIDERS, 'service'],
    recent: true,
  },
  'connections.manage': { label: 'Set up and change connections', roles: ['administrator'] },
  'connections.remove': { label: 'Remove connections', roles: ['administrator'], recent: true },
  'plugin-files.manage': { label: 'Bring files that plugins need', roles: ['administrator'] },
  'vmas.invite': { label: 'Make pairing codes', roles: DECIDERS },
  'vmas.decide': { label: 'Approve and reject VMAs', roles: DECIDERS, recent: true },
  'vmas.revoke': { label: 'Revoke VMAs and change keys of the tunnel', roles: DECIDERS, recent: true },
  'support.read': {
    label: 'See what is left behind, and take support bundles',
    roles: [...WORKERS, 'approver', 'auditor'],
  },
  'audit.read': { label: 'Read the audit trail', roles: ['administrator', 'auditor'] },
  'secrets.rotate': { label: 'Rotate the key of the stored secrets', roles: ['administrator'], recent: true },
  'secrets.read': {
    label: 'See which keys the stored secrets are under',
    roles: ['administrator', 'auditor'],
  },
  'users.read': {
    label: 'See users, their sessions and tokens',
    roles: ['administrator', 'auditor'],
    inPersonOnly: true,
  },
  'users.manage': {
    label: 'Change users, end their sessions and tokens',
    roles: ['administrator'],
    recent: true,
    inPersonOnly: true,
  },
} as const satisfies Record<string, Rule>;

export type Permission = keyof typeof PERMISSIONS;
export const Permission = z
  .enum(Object.keys(PERMISSIONS) as [Permission, ...Permission[]])
  .meta({ id: 'Permission' });

const rules: Readonly<Record<Permission, Rule>> = PERMISSIONS;

/** The rule of a permission, with every flag. */
export function ruleOf(permission: Permission): Rule {
  return rules[permission];
}

/** What a role allows. */
export function permissionsOf(role: Role): Permission[] {
  return Permission.options.filter((permission) => rules[permission].roles.includes(role));
}

/** What an API token of a user with this role may be given. */
export function scopesOf(role: Role): Permission[] {
  return permissionsOf(role).filter((permission) => rules[permission].inPersonOnly !== true);
}

/** What a client must be allowed in order to hear of each kind of event. */
export const FEED_PERMISSIONS: Readonly<Record<FeedEventType, Permission>> = {
  'job.started': 'state.read',
  'job.ended': 'state.read',
  'job.cancel-requested': 'state.read',
  'job.step-began': 'state.read',
  'job.step-ended': 'state.read',
  'job.logged': 'state.read',
  'job.progressed': 'state.read',
  'context.added': 'state.read',
  'context.changed': 'state.read',
  'connection.changed': 'state.read',
  'network-mapping.changed': 'state.read',
  'point.sealed': 'state.read',
  'point.folded': 'state.read',
  'cycle.progressed': 'state.read',
  'failover.changed': 'state.read',
  'vma.enrolment-requested': 'state.read',
  'vma.approved': 'state.read',
  'vma.rejected': 'state.read',
  'vma.revoked': 'state.read',
  'tunnel.up': 'state.read',
  'tunnel.degraded': 'state.read',
  'tunnel.half-open': 'state.read',
  'tunnel.down': 'state.read',
  'volume.attached': 'state.read',
  'volume.detached': 'state.read',
};

/** What clients may send to the feed, and what they must be allowed for it. */
export const FEED_REQUESTS = { subscribe: 'state.read' } as const satisfies Record<string, Permission>;
