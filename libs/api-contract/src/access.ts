import { z } from 'zod';
import { Timestamp } from './values.js';

const Password = z.string().min(12, 'at least 12 characters').max(256);

/** The one-time code stands on the appliance's console at its first start. */
export const SetUp = z
  .strictObject({ code: z.string().max(64), password: Password.optional() })
  .meta({ id: 'SetUp' });
export type SetUp = z.infer<typeof SetUp>;

export const SignIn = z.strictObject({ password: z.string().max(256) }).meta({ id: 'SignIn' });
export type SignIn = z.infer<typeof SignIn>;

/** The token is shown once and stored only as a hash. */
export const IssuedToken = z
  .object({ token: z.string(), name: z.string(), expiresAt: Timestamp.optional() })
  .meta({ id: 'IssuedToken' });
export type IssuedToken = z.infer<typeof IssuedToken>;
