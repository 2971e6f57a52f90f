import { z } from '@ossea/plugin-sdk';
import { AGENT_PROTOCOL_VERSION } from './routes.js';

/*
 * What a VMA says as user `enroll` on the tunnel's port. The key that it logs in with is the key that is enrolled:
 * SSH has proven that the VMA holds it before the first of these messages arrives.
 */

/**
 * Twelve characters in three groups: `XXXX-XXXX-XXXX`. Of every pair of look-alikes the alphabet has one at most (no 0, 1,
 * I and O), so none need be guessed at; case, blanks and hyphens do not matter.
 */
export const PAIRING_ALPHABET = '23456789ABCDEFGHJKLMNPQRSTUVWX';
export const PairingCodeText = z
  .string()
  .max(64)
  .transform((text) =>
    text
      .replace(/[\s\u2010-\u2015-]/g, '')
      .toUpperCase()
      .replace(/^(.{4})(.{4})(.{4})$/, '$1-$2-$3'),
  )
  .pipe(
    z
      .string()
      .regex(new RegExp(`^[${PAIRING_ALPHABET}]{4}(-[${PAIRING_ALPHABET}]{4}){2}$`), 'XXXX-XXXX-XXXX'),
  );

export const EnrolRequest = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('enrol'),
    protocol: z.int(),
    code: PairingCodeText,
    name: z.string().trim().min(1).max(100),
    version: z.string().max(40),
  }),
  /** Asked again and again until an administrator has decided. */
  z.strictObject({ type: z.literal('status'), protocol: z.int() }),
]);
export type EnrolRequest = z.infer<typeof EnrolRequest>;

const Endpoint = z.object({ host: z.string().min(1).max(253), port: z.int().min(1).max(65_535) });
/** What a VMA asks its tunnel server for. */
export const Endpoints = z.object({ nbd: Endpoint, agent: Endpoint });
export type Endpoints = z.infer<typeof Endpoints>;

export const EnrolAnswer = z.object({
  protocol: z.int(),
  vmaId: z.string().max(64),
  state: z.enum(['pending', 'approved', 'rejected', 'revoked', 'expired']),
  /** SPKI PEM of the key that signs agent tokens; only with `approved`. */
  agentTokenKey: z.string().max(1000).optional(),
  /** Only with `approved`, and only where they are not the usual 127.0.0.1:10809 and 127.0.0.1:9081. */
  endpoints: Endpoints.optional(),
});
export type EnrolAnswer = z.infer<typeof EnrolAnswer>;

export const enrolMessage = (code: string, name: string, version: string): EnrolRequest => ({
  type: 'enrol',
  protocol: AGENT_PROTOCOL_VERSION,
  code,
  name,
  version,
});
export const statusMessage = (): EnrolRequest => ({ type: 'status', protocol: AGENT_PROTOCOL_VERSION });
