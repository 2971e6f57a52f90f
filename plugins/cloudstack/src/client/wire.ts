import { z } from '@ossea/plugin-sdk';
import { date, details, flag, number, text } from './wire-values.js';

/**
 * What of CloudStack's objects is used (response classes of apache/cloudstack; names and types after its generated Go
 * client, API level 4.22.1). A field that is not known is passed over, one that is absent is `undefined`: the server
 * leaves out what is null. Nothing here was tried at a real server.
 */

export const successSchema = z.object({ success: flag, displaytext: text });
export type Success = z.infer<typeof successSchema>;

/** The immediate answer of an asynchronous command; `id` with those that make something (BaseAsyncCreateCmd). */
export const startedSchema = z.object({ jobid: z.string().min(1), id: text });

export const tagSchema = z.object({
  key: z.string(),
  value: z.string().default(''),
  resourceid: text,
  resourcetype: text,
});
export type Tag = z.infer<typeof tagSchema>;
const tags = z.array(tagSchema).default([]);

/** A pending job on the object, where there is one. */
const pending = { jobid: text, jobstatus: number.optional() };
const owner = { account: text, domainid: text, projectid: text };

export const volumeSchema = z.object({
  id: z.string(),
  name: z.string().default(''),
  /** `ROOT` or `DATADISK`. */
  type: z.string(),
  state: z.string(),
  /** Where it hangs; 0 is the root, 3 is kept for the CD-ROM. */
  deviceid: number.optional(),
  /** Bytes. */
  size: number.optional(),
  virtualmachineid: text,
  vmname: text,
  vmdisplayname: text,
  vmstate: text,
  zoneid: text,
  storage: text,
  storageid: text,
  storagetype: text,
  diskofferingid: text,
  diskofferingname: text,
  hypervisor: text,
  templateid: text,
  snapshotid: text,
  clusterid: text,
  created: date,
  attached: date,
  deleteprotection: flag.optional(),
  ...owner,
  tags,
  ...pending,
});
export type Volume = z.infer<typeof volumeSchema>;

export const nicSchema = z.object({
  id: text,
  networkid: text,
  networkname: text,
  macaddress: text,
  ipaddress: text,
  gateway: text,
  netmask: text,
  isdefault: flag.optional(),
  deviceid: number.optional(),
  type: text,
});
export type Nic = z.infer<typeof nicSchema>;

export const virtualMachineSchema = z.object({
  id: z.string(),
  name: z.string().default(''),
  displayname: text,
  instancename: text,
  state: z.string(),
  zoneid: text,
  zonename: text,
  hostid: text,
  hostname: text,
  hypervisor: text,
  serviceofferingid: text,
  serviceofferingname: text,
  cpunumber: number.optional(),
  cpuspeed: number.optional(),
  /** MiB. */
  memory: number.optional(),
  templateid: text,
  templatename: text,
  ostypeid: text,
  guestosid: text,
  boottype: text,
  bootmode: text,
  details: details.optional(),
  readonlydetails: text,
  rootdeviceid: number.optional(),
  created: date,
  nic: z.array(nicSchema).default([]),
  ...owner,
  tags,
  ...pending,
});
export type VirtualMachine = z.infer<typeof virtualMachineSchema>;

export const snapshotSchema = z.object({
  id: z.string(),
  name: z.string().default(''),
  volumeid: text,
  volumename: text,
  state: z.string(),
  /** Bytes. */
  physicalsize: number.optional(),
  virtualsize: number.optional(),
  revertable: flag.optional(),
  zoneid: text,
  datastoreid: text,
  datastoretype: text,
  datastorestate: text,
  created: date,
  ...owner,
  tags,
  ...pending,
});
export type Snapshot = z.infer<typeof snapshotSchema>;

export const vmSnapshotSchema = z.object({
  id: z.string(),
  name: z.string().default(''),
  displayname: text,
  state: z.string(),
  type: text,
  virtualmachineid: text,
  created: date,
});
export type VmSnapshot = z.infer<typeof vmSnapshotSchema>;

export const networkSchema = z.object({
  id: z.string(),
  name: z.string().default(''),
  displaytext: text,
  state: text,
  /** `Isolated`, `Shared` or `L2`. */
  type: text,
  traffictype: text,
  acltype: text,
  zoneid: text,
  zonename: text,
  cidr: text,
  gateway: text,
  netmask: text,
  networkdomain: text,
  networkofferingid: text,
  networkofferingname: text,
  canusefordeploy: flag.optional(),
  issystem: flag.optional(),
  vpcid: text,
  service: z.array(z.object({ name: text })).optional(),
  ...owner,
  tags,
});
export type Network = z.infer<typeof networkSchema>;

/** 0 pending, 1 succeeded, 2 failed (CloudStack JobInfo.Status). */
export const asyncJobSchema = z.object({
  jobid: text,
  jobstatus: number,
  jobresultcode: number.optional(),
  jobresult: z.unknown().optional(),
  jobresulttype: text,
  jobinstancetype: text,
  jobinstanceid: text,
  /** A class name as a rule. */
  cmd: text,
  created: date,
  completed: date,
});
export type AsyncJob = z.infer<typeof asyncJobSchema>;

/** What a failed job has as its result. */
export const jobErrorSchema = z.object({ errorcode: number.optional(), errortext: text });

/** The address of a console, with a token in it (createConsoleEndpoint, since 4.18): never logged, never kept. */
export const consoleEndpointSchema = z.object({ success: flag.optional(), url: text, details: text });
export type ConsoleEndpoint = z.infer<typeof consoleEndpointSchema>;
