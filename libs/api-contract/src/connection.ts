import { z } from 'zod';
import { pageOf } from './page.js';
import { PluginKind } from './plugin.js';
import { DisplayName, Id, Timestamp } from './values.js';

/** What stands in an answer where a secret is stored; sent back in an update, it keeps the secret. */
export const SECRET_MASK = '********';

const Settings = z.record(z.string(), z.unknown());

export const Connection = z
  .object({
    id: Id,
    name: z.string(),
    kind: PluginKind,
    pluginId: z.string(),
    /** The appliance at the source that reaches it; sources only. */
    vmaId: Id.optional(),
    /** Secrets are masked. */
    settings: Settings,
    version: z.int(),
    createdAt: Timestamp,
    updatedAt: Timestamp,
  })
  .meta({ id: 'Connection' });
export type Connection = z.infer<typeof Connection>;

export const ConnectionPage = pageOf(Connection, 'ConnectionPage');
export type ConnectionPage = z.infer<typeof ConnectionPage>;

export const CreateConnection = z
  .strictObject({
    name: DisplayName,
    kind: PluginKind,
    pluginId: z.string().min(1).max(64),
    vmaId: Id.optional(),
    settings: Settings,
  })
  .meta({ id: 'CreateConnection' });
export type CreateConnection = z.infer<typeof CreateConnection>;

export const UpdateConnection = z
  .strictObject({ name: DisplayName.optional(), vmaId: Id.optional(), settings: Settings.optional() })
  .meta({ id: 'UpdateConnection' });
export type UpdateConnection = z.infer<typeof UpdateConnection>;

/** A privilege of the platform, under its own name there. */
export const Privilege = z
  .object({
    id: z.string(),
    neededFor: z.string(),
    /** Whether nothing can be replicated without it. */
    required: z.boolean(),
    granted: z.boolean(),
  })
  .meta({ id: 'Privilege' });
export type Privilege = z.infer<typeof Privilege>;

/** The outcome of a real `connect()`. */
export const ConnectionTest = z
  .object({
    ok: z.literal(true),
    capabilities: z.array(z.string()),
    durationMs: z.int().nonnegative(),
    /** What the account may do, where the platform can be asked. */
    privileges: z.array(Privilege).optional(),
  })
  .meta({ id: 'ConnectionTest' });
export type ConnectionTest = z.infer<typeof ConnectionTest>;
