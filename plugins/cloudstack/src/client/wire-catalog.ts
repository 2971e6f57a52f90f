import { z } from '@ossea/plugin-sdk';
import { allowance, details, flag, number, text } from './wire-values.js';

/** What there is to choose from, and who one is (sources as in `wire.ts`). */

export const capabilitySchema = z.object({
  cloudstackversion: text,
  /** Whether volumes of running machines can be snapshotted on KVM. */
  kvmsnapshotenabled: flag.optional(),
  /** GiB. */
  customdiskofferingminsize: number.optional(),
  customdiskofferingmaxsize: number.optional(),
  apilimitinterval: number.optional(),
  apilimitmax: number.optional(),
  allowuserexpungerecovervm: flag.optional(),
  allowuserexpungerecovervolume: flag.optional(),
  dynamicrolesenabled: flag.optional(),
});
export type Capability = z.infer<typeof capabilitySchema>;

export const zoneSchema = z.object({
  id: z.string(),
  name: z.string(),
  networktype: text,
  /** `Enabled` or `Disabled`. */
  allocationstate: text,
  localstorageenabled: flag.optional(),
  securitygroupsenabled: flag.optional(),
});
export type Zone = z.infer<typeof zoneSchema>;

export const templateSchema = z.object({
  id: z.string(),
  name: z.string(),
  displaytext: text,
  zoneid: text,
  zonename: text,
  hypervisor: text,
  format: text,
  /** Bytes. */
  size: number.optional(),
  physicalsize: number.optional(),
  isready: flag.optional(),
  isfeatured: flag.optional(),
  ispublic: flag.optional(),
  status: text,
  ostypeid: text,
  ostypename: text,
  templatetype: text,
  deployasis: flag.optional(),
  arch: text,
  account: text,
  domainid: text,
  details: details.optional(),
});
export type Template = z.infer<typeof templateSchema>;

export const serviceOfferingSchema = z.object({
  id: z.string(),
  name: z.string(),
  displaytext: text,
  cpunumber: number.optional(),
  /** MHz. */
  cpuspeed: number.optional(),
  /** MiB. */
  memory: number.optional(),
  iscustomized: flag.optional(),
  iscustomizediops: flag.optional(),
  /** The bounds of a customizable one among them: `mincpunumber` and so on. The names were not verified at a server. */
  serviceofferingdetails: details.optional(),
  diskofferingid: text,
  diskofferingname: text,
  diskofferingstrictness: flag.optional(),
  rootdisksize: number.optional(),
  storagetype: text,
  storagetags: text,
  hosttags: text,
  zoneid: text,
  domainid: text,
  state: text,
});
export type ServiceOffering = z.infer<typeof serviceOfferingSchema>;

export const diskOfferingSchema = z.object({
  id: z.string(),
  name: z.string(),
  displaytext: text,
  /** GiB. */
  disksize: number.optional(),
  iscustomized: flag.optional(),
  iscustomizediops: flag.optional(),
  disksizestrictness: flag.optional(),
  provisioningtype: text,
  storagetype: text,
  /** Tags of the storage that it may lie on. */
  tags: text,
  encrypt: flag.optional(),
  zoneid: text,
  domainid: text,
  state: text,
});
export type DiskOffering = z.infer<typeof diskOfferingSchema>;

export const networkOfferingSchema = z.object({
  id: z.string(),
  name: z.string(),
  displaytext: text,
  state: text,
  /** `Isolated`, `Shared` or `L2`. */
  guestiptype: text,
  traffictype: text,
  availability: text,
  specifyvlan: flag.optional(),
  specifyipranges: flag.optional(),
  forvpc: flag.optional(),
  isdefault: flag.optional(),
  service: z.array(z.object({ name: text })).optional(),
});
export type NetworkOffering = z.infer<typeof networkOfferingSchema>;

export const accountSchema = z.object({
  id: z.string(),
  name: z.string(),
  domainid: text,
  domain: text,
  domainpath: text,
  /** 0 user, 1 root admin, 2 domain admin. */
  accounttype: number.optional(),
  roletype: text,
  rolename: text,
  state: text,
  vmavailable: allowance,
  volumeavailable: allowance,
  snapshotavailable: allowance,
  cpuavailable: allowance,
  /** MiB. */
  memoryavailable: allowance,
  /** GiB. */
  primarystorageavailable: allowance,
  secondarystorageavailable: allowance,
  networkavailable: allowance,
});
export type Account = z.infer<typeof accountSchema>;

export const userSchema = z.object({
  id: z.string(),
  username: text,
  account: text,
  accountid: text,
  domainid: text,
  domain: text,
  roletype: text,
  rolename: text,
  state: text,
  /** Only where the one who asks may see it; compared and never told. */
  apikey: text,
});
export type User = z.infer<typeof userSchema>;

export const osTypeSchema = z.object({
  id: z.string(),
  description: z.string().default(''),
  name: text,
  oscategoryid: text,
  oscategoryname: text,
});
export type OsType = z.infer<typeof osTypeSchema>;

/** `max` -1 is no limit; storage is in GiB. */
export const resourceLimitSchema = z.object({
  resourcetype: number,
  resourcetypename: text,
  max: number,
  account: text,
  projectid: text,
  tag: text,
});
export type ResourceLimit = z.infer<typeof resourceLimitSchema>;

export const storagePoolSchema = z.object({
  id: z.string(),
  name: z.string(),
  zoneid: text,
  clusterid: text,
  /** `ZONE`, `CLUSTER` or `HOST`. */
  scope: text,
  type: text,
  provider: text,
  state: text,
  tags: text,
  managed: flag.optional(),
  hypervisor: text,
  /** Bytes. */
  disksizetotal: number.optional(),
  disksizeused: number.optional(),
  disksizeallocated: number.optional(),
});
export type StoragePool = z.infer<typeof storagePoolSchema>;

export const hostSchema = z.object({
  id: z.string(),
  name: z.string(),
  state: text,
  resourcestate: text,
  hypervisor: text,
  hypervisorversion: text,
  zoneid: text,
  clusterid: text,
  ueficapability: flag.optional(),
});
export type Host = z.infer<typeof hostSchema>;

export const hypervisorCapabilitiesSchema = z.object({
  id: text,
  hypervisor: text,
  hypervisorversion: text,
  maxdatavolumeslimit: number.optional(),
  vmsnapshotenabled: flag.optional(),
});
export type HypervisorCapabilities = z.infer<typeof hypervisorCapabilitiesSchema>;

/** `type` 0 memory, 1 cpu, 2 storage used, 3 storage allocated. */
export const capacitySchema = z.object({
  type: number,
  zoneid: text,
  clusterid: text,
  capacitytotal: number.optional(),
  capacityused: number.optional(),
});
export type Capacity = z.infer<typeof capacitySchema>;

export const projectSchema = z.object({ id: z.string(), name: z.string(), state: text });
export type Project = z.infer<typeof projectSchema>;
