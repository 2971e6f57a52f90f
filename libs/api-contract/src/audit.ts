import { z } from 'zod';
import { ListQuery, pageOf } from './page.js';
import { Timestamp } from './values.js';

/** Everything that is kept in the audit log, and what it tells of. */
export const AUDIT_ACTIONS = {
  'access.password': 'Somebody changed their own password.',
  'access.reauthenticate': 'Somebody gave their password again.',
  'access.recover': 'The first administrator was given a new password by a code of the appliance.',
  'access.set-up': 'The appliance was set up with its one-time code.',
  'access.sign-in': 'Somebody signed in.',
  'access.sign-in-failed': 'Somebody tried to sign in, or to show again who they are, and was turned away.',
  'access.sign-out': 'Somebody ended sessions of their own.',
  'api-token.create': 'An API token was made.',
  'api-token.end': 'An API token was ended.',
  'connection.create': 'A connection was made.',
  'connection.change': 'A connection was changed.',
  'connection.delete': 'A connection was removed.',
  'failover.console': 'Somebody was told where the console of a machine is.',
  'job.cancel': 'Somebody asked a job to stop.',
  'job.start': 'A job was started.',
  'network-mapping.change': 'The mapping of a source network was set.',
  'secrets.rewrap': 'Stored secrets were sealed under the present key.',
  'secrets.rotate': 'Stored secrets were sealed under a new key.',
  'set-up.discover': 'Credentials were entered in a set-up.',
  'set-up.save': 'A set-up became a connection.',
  'tunnel.host-key-in-use': 'The tunnel got its next host key.',
  'tunnel.cut': 'The live sessions of a VMA were cut.',
  'tunnel.rotate-host-key': 'Another host key of the tunnel was announced.',
  'user.change': 'Role, state or password of a user was changed.',
  'user.create': 'A user was added.',
  'user.remove': 'A user was removed.',
  'user.sign-out': 'All sessions of a user were ended.',
  'vm.add': 'A machine was taken under management.',
  'vm.release': 'The management of a machine was to end.',
  'vma.approve': 'A VMA was let in.',
  'vma.enrolment-request': 'A VMA asked to be let in.',
  'vma.key-in-use': 'A VMA came with its new key, and the old one was to end.',
  'vma.pairing-code': 'A pairing code was made.',
  'vma.pairing-code-withdraw': 'A pairing code was made void.',
  'vma.reject': 'A VMA was turned away.',
  'vma.rotate-key': 'Another key of a VMA was let in beside its own.',
  'vma.revoke': 'A VMA was shut out for good.',
} as const;
export type AuditAction = keyof typeof AUDIT_ACTIONS;

export const AuditOutcome = z.enum(['done', 'refused']);
export type AuditOutcome = z.infer<typeof AuditOutcome>;

export const AuditActorKind = z.enum(['anonymous', 'session', 'token', 'vma', 'appliance']);
export type AuditActorKind = z.infer<typeof AuditActorKind>;

const Sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** One row of the audit log. What is not known is absent, never null: the hash covers the row as it is here. */
export const AuditEvent = z
  .strictObject({
    /** 1, 2, 3 … without a gap. */
    seq: z.int().positive(),
    id: z.string(),
    at: Timestamp,
    actorKind: AuditActorKind,
    actorName: z.string(),
    actorId: z.string().optional(),
    /** Where the request came from. */
    address: z.string().optional(),
    /** One of `AUDIT_ACTIONS`; also one of another release. */
    action: z.string(),
    subjectType: z.string(),
    subjectId: z.string(),
    detail: z.record(z.string(), z.unknown()).optional(),
    correlationId: z.string().optional(),
    outcome: AuditOutcome,
    /** Of the row before; 64 zeros at the first one. */
    previousHash: Sha256,
    hash: Sha256,
  })
  .meta({ id: 'AuditEvent' });
export type AuditEvent = z.infer<typeof AuditEvent>;

export const AuditPage = pageOf(AuditEvent, 'AuditPage');
export type AuditPage = z.infer<typeof AuditPage>;

const Period = {
  /** The first moment that is wanted. */
  from: z.iso.datetime().optional(),
  /** The first moment that is not wanted any more. */
  to: z.iso.datetime().optional(),
};

export const AuditListQuery = ListQuery.extend({
  actor: z.string().max(100).optional(),
  action: z.string().max(64).optional(),
  /** The id of what it happened to. */
  subject: z.string().max(191).optional(),
  ...Period,
});
export type AuditListQuery = z.infer<typeof AuditListQuery>;

export const AuditExportQuery = z.object(Period);
export type AuditExportQuery = z.infer<typeof AuditExportQuery>;

/** The head of the chain at one moment, signed by the appliance and kept outside its database. */
export const AuditAnchor = z
  .strictObject({
    /** Of the newest row; 0 before the first one. */
    seq: z.int().nonnegative(),
    hash: Sha256,
    at: Timestamp,
    applianceId: z.string().max(64),
    /** Ed25519 over the canonical JSON of everything else, base64. */
    signature: z.string().max(128),
  })
  .meta({ id: 'AuditAnchor' });
export type AuditAnchor = z.infer<typeof AuditAnchor>;

export const AuditHead = z
  .object({
    anchor: AuditAnchor,
    /** PEM; keep it where nobody of this appliance can change it. */
    publicKey: z.string(),
  })
  .meta({ id: 'AuditHead' });
export type AuditHead = z.infer<typeof AuditHead>;
