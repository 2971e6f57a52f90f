import { MigrationError } from '@ossea/errors';
import { secret, z, type Trust } from '@ossea/plugin-sdk';

/** A SHA-256 fingerprint, with or without colons, in either case. */
const FINGERPRINT = /^(?:[0-9a-f]{2}:?){32}$/i;
/** CloudStack's ids are UUIDs unless an administrator has given others (`customid`). */
const ID = /^[A-Za-z0-9][A-Za-z0-9_-]*$/;
/** Whether a text may be the id of anything at CloudStack. */
export function isId(text: string): boolean {
  return text.length <= 64 && ID.test(text);
}

/** Where a management server answers the API unless a proxy puts it elsewhere. */
const API_PATH = '/client/api';

/** Throws `config.invalid` for what is no address of an HTTP endpoint, and for one that holds more than that. */
export function normalizeApiUrl(given: string): string {
  const text = given.trim();
  const invalid = (why: string) => new MigrationError('config.invalid', why);
  const withScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `https://${text}`;
  if (!URL.canParse(withScheme)) throw invalid('an address as https://cloudstack.example:8443 is expected');
  const url = new URL(withScheme);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw invalid('https:// or http:// is expected');
  // a user or a query would be told wherever the address is
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '')
    throw invalid('an address without a user and without anything behind ? or # is expected');
  const path = url.pathname.replace(/\/+$/, '');
  url.pathname = path === '' || path === '/client' ? API_PATH : path;
  return url.toString();
}

const apiUrl = z
  .string()
  .min(1)
  .max(2_048)
  .transform((given, context) => {
    try {
      return normalizeApiUrl(given);
    } catch (error) {
      context.addIssue({ code: 'custom', message: (error as Error).message });
      return z.NEVER;
    }
  })
  .meta({
    title: 'CloudStack API',
    description:
      'Address of the management server, https://cloudstack.example:8443; /client/api is added where it is missing. Without https:// or http:// it is taken as https.',
  });

const key = () =>
  secret(z.string().min(1).max(1_024).regex(/^\S+$/, 'a key without blanks is expected')).meta({
    secret: true,
  });
const id = (title: string, description?: string) =>
  z
    .string()
    .min(1)
    .max(64)
    .regex(ID, 'an id is expected')
    .meta({ title, ...(description === undefined ? {} : { description }) });
const absolute = (path: string) => z.string().startsWith('/').max(1_024).default(path);

const hostPaths = z
  .strictObject({
    deviceDir: absolute('/dev/disk/by-id').meta({ title: 'Devices by id' }),
    sysDir: absolute('/sys').meta({ title: 'sysfs' }),
  })
  .prefault({})
  .meta({
    title: "This appliance's own devices",
    description: "Where this appliance's own devices and identity are read; leave as it is.",
  });

/** Address and keys: all that is needed to look for the rest. */
export const credentialsSchema = z.strictObject({
  apiUrl,
  apiKey: key().meta({
    title: 'API key',
    description: 'Of a user of the account that owns this appliance.',
    secret: true,
  }),
  secretKey: key().meta({ title: 'Secret key', secret: true }),
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
      description: 'Left out: the certificate is checked by its CA and its name.',
    }),
  caPem: z
    .string()
    .max(262_144)
    .refine((pem) => pem.includes('-----BEGIN CERTIFICATE-----'), 'certificates in PEM are expected')
    .optional()
    .meta({
      title: 'CA certificates',
      description: "PEM. Left out: the system's own. Not used beside a fingerprint.",
    }),
  projectId: id('Project', 'Where the appliance and the migrated machines belong to a project.').optional(),
  hostPaths,
});
export type Credentials = z.infer<typeof credentialsSchema>;

/** What of the things found is used: one id each. */
export const selectionSchema = z.strictObject({
  zoneId: id('Zone', 'The zone of this appliance: volumes can be attached to it in no other one.'),
  applianceVmId: id('This appliance', 'The virtual machine that this runs in, as CloudStack knows it.'),
  templateId: id(
    'Template',
    'A small KVM template: a machine needs one to be made; its disk is thrown away before the first start.',
  ),
  serviceOfferingId: id('Compute offering', 'A customizable one, so that each machine gets its own size.'),
  diskOfferingId: id('Disk offering', 'One of custom size; its storage tags choose the storage.'),
  networkId: id('Network', 'For network cards that are not mapped otherwise.'),
  testNetworkOfferingId: id(
    'Network offering for tests',
    'Isolated or L2: test failovers get a network of their own from it.',
  ),
  snapshots: z.enum(['auto', 'instant', 'copied']).optional().meta({
    title: 'Snapshots of volumes',
    description:
      'instant: they stay on primary storage (Linstor and the like) and are taken while the volumes are attached. copied: they are copied to secondary storage, and the volumes are detached meanwhile. auto: as the storage says, which an administrator may ask for only; else copied. Left out: auto.',
  }),
});
export type Selection = z.infer<typeof selectionSchema>;

/** What a connection to CloudStack needs. */
export const settingsSchema = z.strictObject({ ...credentialsSchema.shape, ...selectionSchema.shape });
export type CloudstackSettings = z.infer<typeof settingsSchema>;

/** What may be chosen per machine; what is left out is as the connection has it. */
export const placementSchema = z.strictObject({
  serviceOfferingId: id('Compute offering').optional(),
  diskOfferingId: id('Disk offering').optional(),
  networkId: id('Network', 'For network cards that are not mapped otherwise.').optional(),
  osTypeId: id(
    'Operating system',
    'On KVM it decides what disks and network cards the guest sees.',
  ).optional(),
  rootDiskController: z.enum(['virtio', 'scsi', 'sata', 'ide']).optional().meta({
    title: 'Disk controller',
    description: 'virtio and scsi need their drivers in the guest; sata and ide need none.',
  }),
  nicAdapter: z.enum(['virtio', 'e1000']).optional().meta({
    title: 'Network adapter',
    description: 'virtio needs its driver in the guest; e1000 needs none.',
  }),
});
export type CloudstackPlacement = z.infer<typeof placementSchema>;

/** Settings with what was left out filled in. Throws `config.invalid` with the fields, never with what they hold. */
export function parseSettings(given: unknown): CloudstackSettings {
  const parsed = settingsSchema.safeParse(given);
  if (parsed.success) return parsed.data;
  throw new MigrationError('config.invalid', `The settings cannot be used. ${fieldsOf(parsed.error)}`);
}

/** What was chosen for a machine. Throws `request.invalid` with the fields that cannot be used. */
export function parsePlacement(given: unknown): CloudstackPlacement {
  const parsed = placementSchema.safeParse(given ?? {});
  if (parsed.success) return parsed.data;
  throw new MigrationError('request.invalid', `The placement cannot be used. ${fieldsOf(parsed.error)}`);
}

function fieldsOf({ issues }: z.ZodError): string {
  return issues.map(({ path, message }) => `${path.join('.') || 'all of it'}: ${message}`).join('; ');
}

/** How the endpoint's certificate is believed: by its pin where there is one. */
export function trustOf({
  certificateSha256,
  caPem,
}: Pick<Credentials, 'certificateSha256' | 'caPem'>): Trust {
  if (certificateSha256 !== undefined) return { by: 'pin', sha256: certificateSha256 };
  return { by: 'ca', ...(caPem === undefined ? {} : { pem: caPem }) };
}
