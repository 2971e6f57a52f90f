import { z } from 'zod';
import { Permission, Role } from './permissions.js';
import { DisplayName, Id, Timestamp } from './values.js';

/** The shortest password that is taken. Long ones are; what people choose is not ours to shape otherwise. */
export const PASSWORD_CHARACTERS = 12;

const NewPassword = z
  .string()
  .min(PASSWORD_CHARACTERS, `at least ${PASSWORD_CHARACTERS} characters`)
  .max(256);
/** As it was typed: whether it is right is not a matter of its form. */
const TypedPassword = z.string().max(256);

/** Of a person or a program; small letters, so that nobody is two. */
export const UserName = z
  .string()
  .trim()
  .toLowerCase()
  .regex(/^[a-z0-9][a-z0-9._@-]{0,62}$/, 'letters, digits and . _ @ - are expected, 63 at most');

/** `cookie` for pages of this appliance; `bearer` for programs, which get a token in the answer. */
const SessionKind = z.enum(['cookie', 'bearer']);
export type SessionKind = z.infer<typeof SessionKind>;

/** The one-time code stands on the appliance's console at its first start. */
export const SetUp = z
  .strictObject({
    code: z.string().max(64),
    /** The first administrator, who can never be locked out. */
    name: UserName.default('admin'),
    password: NewPassword,
    as: SessionKind.default('bearer'),
  })
  .meta({ id: 'SetUp' });
export type SetUp = z.infer<typeof SetUp>;

export const SignIn = z
  .strictObject({
    name: z.string().trim().toLowerCase().max(64).default('admin'),
    password: TypedPassword,
    as: SessionKind.default('bearer'),
  })
  .meta({ id: 'SignIn' });
export type SignIn = z.infer<typeof SignIn>;

/** The way back of the administrator whose password is lost: with a code that the appliance itself prints. */
export const Recover = z
  .strictObject({ code: z.string().max(64), password: NewPassword, as: SessionKind.default('bearer') })
  .meta({ id: 'Recover' });
export type Recover = z.infer<typeof Recover>;

export const Reauthenticate = z.strictObject({ password: TypedPassword }).meta({ id: 'Reauthenticate' });
export type Reauthenticate = z.infer<typeof Reauthenticate>;

export const ChangePassword = z
  .strictObject({ current: TypedPassword, next: NewPassword })
  .meta({ id: 'ChangePassword' });
export type ChangePassword = z.infer<typeof ChangePassword>;

/** Who is signed in, what is allowed, and until when. */
export const CurrentAccess = z
  .object({
    kind: z.enum(['cookie', 'bearer', 'token']),
    userId: Id,
    name: z.string(),
    role: Role,
    permissions: z.array(Permission),
    /** When the password was given last; what needs it to be recent asks for it again. */
    authenticatedAt: Timestamp.optional(),
    expiresAt: Timestamp.optional(),
    /** Sent back as `X-Ossea-Csrf` with everything that changes something; for cookies only. */
    csrfToken: z.string().optional(),
  })
  .meta({ id: 'CurrentAccess' });
export type CurrentAccess = z.infer<typeof CurrentAccess>;

/** A session that has begun; `token` is there for `bearer`, is told this once, and ends with the session. */
export const SignedIn = CurrentAccess.extend({ token: z.string().optional() }).meta({ id: 'SignedIn' });
export type SignedIn = z.infer<typeof SignedIn>;

export const Session = z
  .object({
    id: Id,
    kind: SessionKind,
    current: z.boolean(),
    address: z.string(),
    userAgent: z.string(),
    createdAt: Timestamp,
    lastUsedAt: Timestamp,
    expiresAt: Timestamp,
  })
  .meta({ id: 'Session' });
export type Session = z.infer<typeof Session>;
export const SessionList = z.object({ items: z.array(Session) }).meta({ id: 'SessionList' });
export type SessionList = z.infer<typeof SessionList>;

export const ApiToken = z
  .object({
    id: Id,
    userId: Id,
    owner: z.string(),
    name: z.string(),
    scopes: z.array(Permission),
    createdAt: Timestamp,
    expiresAt: Timestamp.optional(),
    lastUsedAt: Timestamp.optional(),
  })
  .meta({ id: 'ApiToken' });
export type ApiToken = z.infer<typeof ApiToken>;
export const ApiTokenList = z.object({ items: z.array(ApiToken) }).meta({ id: 'ApiTokenList' });
export type ApiTokenList = z.infer<typeof ApiTokenList>;

export const CreateApiToken = z
  .strictObject({
    name: DisplayName,
    /** What it may do; nothing that its owner may not. */
    scopes: z.array(Permission).min(1).max(Permission.options.length),
    /** A year at most. */
    days: z.int().min(1).max(366).default(90),
    /** Whose it is; your own unless told. Only an administrator may name another. */
    userId: Id.optional(),
  })
  .meta({ id: 'CreateApiToken' });
export type CreateApiToken = z.infer<typeof CreateApiToken>;

/** The token is shown once and stored only as a hash. */
export const IssuedToken = ApiToken.extend({ token: z.string() }).meta({ id: 'IssuedToken' });
export type IssuedToken = z.infer<typeof IssuedToken>;

export const User = z
  .object({
    id: Id,
    name: z.string(),
    role: Role,
    state: z.enum(['active', 'disabled']),
    /** The administrator of the set-up: always there, never locked out, and loud in the audit trail. */
    breakGlass: z.boolean(),
    createdAt: Timestamp,
    lastSignInAt: Timestamp.optional(),
  })
  .meta({ id: 'User' });
export type User = z.infer<typeof User>;
export const UserList = z.object({ items: z.array(User) }).meta({ id: 'UserList' });
export type UserList = z.infer<typeof UserList>;

export const CreateUser = z
  .strictObject({
    name: UserName,
    role: Role,
    /** Every role has one but `service`. */
    password: NewPassword.optional(),
  })
  .refine(({ role, password }) => (role === 'service') === (password === undefined), {
    path: ['password'],
    message: 'everybody has a password but a service',
  })
  .meta({ id: 'CreateUser' });
export type CreateUser = z.infer<typeof CreateUser>;

export const ChangeUser = z
  .strictObject({
    role: Role.optional(),
    state: z.enum(['active', 'disabled']).optional(),
    password: NewPassword.optional(),
  })
  .meta({ id: 'ChangeUser' });
export type ChangeUser = z.infer<typeof ChangeUser>;

/** The table of roles and permissions. */
export const AccessMatrix = z
  .object({
    roles: z.array(z.object({ role: Role, purpose: z.string() })),
    permissions: z.array(
      z.object({
        permission: Permission,
        label: z.string(),
        roles: z.array(Role),
        recent: z.boolean(),
        inPersonOnly: z.boolean(),
      }),
    ),
  })
  .meta({ id: 'AccessMatrix' });
export type AccessMatrix = z.infer<typeof AccessMatrix>;
