import { isAbsolute } from 'node:path';
import { z } from '@ossea/plugin-sdk';
import { readsSecretsByFile, unknownPlaceholders } from './custom-template.js';

const READER_IDS = ['vddk', 'datastore', 'nbdkit'] as const;
export type ReaderId = (typeof READER_IDS)[number];

/** A name for `nbdkit NAME`, or the path of a `.so`: never an option. */
const PLUGIN = /^(?:[a-z0-9][a-z0-9_-]*|\/.+\.so)$/i;
const FILTER = /^[a-z0-9][a-z0-9-]*$/;
const TRANSPORT_MODES = /^[a-z]+(?::[a-z]+)*$/;
/** nbdkit(1), "Parameters": everything else would be taken for the plugin's own main parameter. */
const PARAMETER = /^[a-z][a-z0-9_.-]*$/i;

const path = z
  .string()
  .trim()
  .max(4_096)
  .refine((text) => isAbsolute(text), 'an absolute path is expected');
const plugin = z.string().trim().max(4_096).regex(PLUGIN, 'a name or the path of a .so file is expected');
/** nbdkit takes parameters as lines of text in more than one place. */
const line = z
  .string()
  .max(4_096)
  .refine((text) => !/[\0\r\n]/.test(text), 'one line is expected');

export const vddkSchema = z.strictObject({
  libdir: path.meta({
    title: 'Directory of VDDK',
    description:
      'vmware-vix-disklib-distrib, as unpacked on the appliance. Left out: the copy that was uploaded. VDDK comes from VMware only.',
  }),
  plugin: plugin.default('vddk').meta({
    title: "nbdkit's plugin",
    description: 'Its name, or the path of nbdkit-vddk-plugin.so where nbdkit does not find it.',
  }),
  compression: z
    .enum(['none', 'zlib', 'fastlz', 'skipz'])
    .default('skipz')
    .meta({ title: 'Compression on the way from the host', description: 'vSphere 6.5 and later.' }),
  transports: z
    .string()
    .trim()
    .max(100)
    .regex(TRANSPORT_MODES, 'names with colons between them are expected')
    .default('nbdssl:nbd')
    .meta({
      title: 'Transport modes',
      description: 'In the order in which VDDK tries them. Encrypted disks need nbdssl.',
    }),
  config: path.optional().meta({
    title: 'Configuration file of VDDK',
    description: 'For rare settings, such as buffers of the NFC session.',
  }),
  readBytesMax: z
    .int()
    .min(65_536)
    .max(64 * 1024 ** 2)
    .multipleOf(512)
    .optional()
    .meta({
      title: 'Bytes of one read at most',
      description:
        'Left out: 2 MiB through a vCenter, 23 MiB at an ESXi host by itself; larger ones fail there.',
    }),
});
export type VddkSettings = z.infer<typeof vddkSchema>;

export const nbdkitSchema = z.strictObject({
  plugin: plugin.meta({ title: 'Plugin', description: 'Its name, or the path of its .so file.' }),
  parameters: z
    .record(z.string().regex(PARAMETER, 'a name of a parameter is expected'), line)
    .superRefine((parameters, context) => {
      for (const [name, value] of Object.entries(parameters)) {
        const unknown = unknownPlaceholders(value);
        if (unknown.length > 0)
          context.addIssue({
            code: 'custom',
            path: [name],
            message: `unknown placeholder ${unknown.join(', ')}`,
          });
        if (!readsSecretsByFile(name, value))
          context.addIssue({
            code: 'custom',
            path: [name],
            message: 'a secret may stand in a file only: +{passwordFile} is expected',
          });
      }
    })
    .default({})
    .meta({
      title: 'Parameters',
      description:
        'Of the plugin and of its filters. Placeholders: {server} {port} {user} {passwordFile} {vm} {snapshot} {file} {datastore} {datacenter} {sha1} {sha256}.',
    }),
  filters: z
    .array(z.string().regex(FILTER, 'a name of a filter is expected'))
    .max(16)
    .default([])
    .meta({ title: 'Filters', description: 'The one nearest to us first.' }),
  chains: z.boolean().default(false).meta({
    title: 'Reads chains',
    description: 'Whether it reads a disk that stands on another one, as a whole.',
  }),
});
export type NbdkitSettings = z.infer<typeof nbdkitSchema>;

/** Which ways there are to read disks, and in which order they are tried. */
export const readersSchema = z
  .strictObject({
    order: z
      .array(z.enum(READER_IDS))
      .min(1)
      .refine((ids) => new Set(ids).size === ids.length, 'each reader may stand once')
      .default([...READER_IDS])
      .meta({
        title: 'Order',
        description: 'The first one that can read a disk reads it. One that is left out is never used.',
      }),
    vddk: vddkSchema.partial({ libdir: true }).optional().meta({
      title: 'VDDK',
      description: "VMware's own library: fast, and reads every disk. Bring your own copy.",
    }),
    nbdkit: nbdkitSchema
      .optional()
      .meta({ title: 'Another plugin of nbdkit', description: 'For readers that are not known here.' }),
  })
  .prefault({})
  .meta({ title: 'Readers of disks' });
export type ReaderSettings = z.infer<typeof readersSchema>;
