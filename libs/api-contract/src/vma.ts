import { z } from 'zod';
import { DisplayName, Id, Timestamp } from './values.js';

export const VmaState = z.enum(['pending', 'approved', 'rejected', 'revoked', 'expired']);
export type VmaState = z.infer<typeof VmaState>;

export const Vma = z
  .object({
    id: Id,
    name: z.string(),
    state: VmaState,
    /** SHA256 fingerprint of its key, as OpenSSH prints it; compare it before you approve. */
    fingerprint: z.string(),
    /** The same for people who compare by voice: six words for its key and the OMA's host key together. */
    words: z.string(),
    version: z.string().optional(),
    /** The port on the OMA's loopback where its agent API is reached. */
    agentPort: z.int().optional(),
    connected: z.boolean(),
    connectedSince: Timestamp.optional(),
    lastSeenAt: Timestamp.optional(),
    createdAt: Timestamp,
  })
  .meta({ id: 'Vma' });
export type Vma = z.infer<typeof Vma>;

export const VmaList = z.object({ items: z.array(Vma) }).meta({ id: 'VmaList' });
export type VmaList = z.infer<typeof VmaList>;

/** Shown once; the host-key fingerprint is what the VMA must check before it sends the code. */
export const PairingCode = z
  .object({
    code: z.string(),
    expiresAt: Timestamp,
    hostKeyFingerprint: z.string(),
    tunnelPort: z.int(),
  })
  .meta({ id: 'PairingCode' });
export type PairingCode = z.infer<typeof PairingCode>;

export const CreatePairingCode = z
  .strictObject({ name: DisplayName.optional() })
  .meta({ id: 'CreatePairingCode' });
export type CreatePairingCode = z.infer<typeof CreatePairingCode>;

export const RotateHostKey = z
  .strictObject({
    /** Does not wait for VMAs that do not know the next key; they have to be enrolled again. */
    force: z.boolean().default(false),
  })
  .meta({ id: 'RotateHostKey' });
export type RotateHostKey = z.output<typeof RotateHostKey>;

/** Where a change of the tunnel's host key stands. */
export const HostKeyChange = z
  .object({
    /** That VMAs see now. */
    hostKeyFingerprint: z.string(),
    /** Absent once it is in use. */
    nextHostKeyFingerprint: z.string().optional(),
    /** Approved VMAs that have not acknowledged the next one. */
    waitingFor: z.array(Id),
  })
  .meta({ id: 'HostKeyChange' });
export type HostKeyChange = z.infer<typeof HostKeyChange>;

export const PairingCodeState = z.enum(['open', 'used', 'expired', 'void']);
export type PairingCodeState = z.infer<typeof PairingCodeState>;

/** What is known of a pairing code after it was shown; the code itself is not. */
export const PairingCodeRecord = z
  .object({
    id: Id,
    state: PairingCodeState,
    /** Wrong codes that came while it was open; five make it void. */
    tries: z.int(),
    /** What the VMA that uses it is called, where that was said. */
    name: z.string().optional(),
    createdAt: Timestamp,
    expiresAt: Timestamp,
    usedAt: Timestamp.optional(),
    usedByVmaId: Id.optional(),
  })
  .meta({ id: 'PairingCodeRecord' });
export type PairingCodeRecord = z.infer<typeof PairingCodeRecord>;

export const PairingCodeList = z
  .object({ items: z.array(PairingCodeRecord) })
  .meta({ id: 'PairingCodeList' });
export type PairingCodeList = z.infer<typeof PairingCodeList>;

/** The fingerprint or the words that the administrator compared, so that another key cannot slip in between. */
export const ApproveVma = z
  .strictObject({ fingerprint: z.string().max(100).optional(), words: z.string().max(100).optional() })
  .refine(({ fingerprint, words }) => (fingerprint === undefined) !== (words === undefined), {
    message: 'expected either the fingerprint or the words',
  })
  .meta({ id: 'ApproveVma' });
export type ApproveVma = z.infer<typeof ApproveVma>;
