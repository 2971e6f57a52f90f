import { z } from 'zod';
import { Problem } from './problem.js';

export const PluginKind = z.enum(['source', 'target']);
export type PluginKind = z.infer<typeof PluginKind>;

export const PluginId = z
  .string()
  .max(64)
  .regex(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/, 'expected the id of a plugin, such as qemu-target');

/** `settingsSchema` and `placementSchema` are JSON Schema 2020-12; a secret property carries `"secret": true`. */
export const Plugin = z
  .object({
    id: z.string(),
    kind: PluginKind,
    displayName: z.string(),
    contract: z.int(),
    capabilities: z.array(z.string()),
    settingsSchema: z.record(z.string(), z.unknown()),
    placementSchema: z.record(z.string(), z.unknown()).optional(),
    /** Forms of the set-up in three steps, where the plugin leads through one. */
    setUp: z
      .object({
        credentialsSchema: z.record(z.string(), z.unknown()),
        selectionSchema: z.record(z.string(), z.unknown()),
      })
      .optional(),
  })
  .meta({ id: 'Plugin' });
export type Plugin = z.infer<typeof Plugin>;

export const PluginList = z
  .object({
    items: z.array(Plugin),
    failures: z.array(z.object({ packageName: z.string(), problem: Problem })),
  })
  .meta({ id: 'PluginList' });
export type PluginList = z.infer<typeof PluginList>;
