import { secret, z } from '@ossea/plugin-sdk';
import { readersSchema } from './transports/index.js';

/** A SHA-256 fingerprint, with or without colons, in either case. */
const FINGERPRINT = /^(?:[0-9a-f]{2}:?){32}$/i;
/** A name or an address: no scheme, no path, no user. */
const HOST = /^(?:\[[0-9a-f:.]+\]|[a-z0-9_](?:[a-z0-9._-]*[a-z0-9])?|[0-9a-f:]+)$/i;

/** What a connection to a vCenter, or to an ESXi host of its own, needs. */
export const settingsSchema = z.strictObject({
  host: z
    .string()
    .trim()
    .max(255)
    .regex(HOST, 'a host name or an address is expected, without https:// and without a path')
    .meta({
      title: 'vCenter or ESXi host',
      description: 'Name or address. A vCenter sees all of its hosts.',
    }),
  port: z.int().min(1).max(65_535).default(443).meta({ title: 'Port' }),
  username: z
    .string()
    .min(1)
    .max(255)
    .meta({ title: 'User', description: 'With its domain: ossea@vsphere.local.' }),
  password: secret(z.string().min(1).max(1_024)).meta({ title: 'Password', secret: true }),
  certificateSha256: z
    .string()
    .trim()
    .regex(
      FINGERPRINT,
      'a SHA-256 fingerprint is expected: 64 hexadecimal digits, colons between them or not',
    )
    .optional()
    .meta({
      title: 'SHA-256 fingerprint of the certificate',
      description:
        'Compare it at the console of the host. Left out: the certificate is checked by its CA and its name.',
    }),
  caPem: z
    .string()
    .max(262_144)
    .refine((pem) => pem.includes('-----BEGIN CERTIFICATE-----'), 'certificates in PEM are expected')
    .optional()
    .meta({
      title: 'CA certificates',
      description:
        "PEM; of a vCenter its VMCA root. Left out: the system's own. Not used beside a fingerprint.",
    }),
  quiesce: z.enum(['auto', 'require', 'never']).default('auto').meta({
    title: 'Flush the guest before a snapshot',
    description:
      'auto: where its tools run; when that fails the snapshot is crash-consistent, and says so. require: a cycle fails without it.',
  }),
  readers: readersSchema,
});
export type VmwareSettings = z.infer<typeof settingsSchema>;
