import { ERRORS, type ErrorCode } from '@ossea/errors';
import type { CallOptions, Catalog, Choice, Finding, TargetCatalog } from '@ossea/plugin-sdk';
import type { Cloud } from './cloud.js';
import {
  capabilitySchema,
  diskOfferingSchema,
  networkSchema,
  osTypeSchema,
  serviceOfferingSchema,
} from './client/index.js';
import { guarded } from './guarded.js';
import { MachineDeployment } from './machine-deployment.js';
import { placementSchema, type CloudstackPlacement } from './settings.js';

const FIXED: Readonly<Record<string, readonly Choice[]>> = {
  rootDiskController: [
    { value: 'virtio', label: 'virtio' },
    { value: 'scsi', label: 'virtio-scsi' },
    { value: 'sata', label: 'SATA (needs no driver)' },
    { value: 'ide', label: 'IDE (needs no driver)' },
  ],
  nicAdapter: [
    { value: 'virtio', label: 'virtio' },
    { value: 'e1000', label: 'Intel E1000 (needs no driver)' },
  ],
};

type Lister = (cloud: Cloud, options: CallOptions) => Promise<readonly Choice[]>;

/** What the fields of a placement can be chosen from, each by one list of CloudStack. */
const LISTED: Readonly<Record<string, Lister>> = {
  async serviceOfferingId({ client, settings }, options) {
    const params = { zoneid: settings.zoneId };
    const found = await client.list('listServiceOfferings', params, serviceOfferingSchema, options);
    return found.map(({ id, name, iscustomized }) => ({
      value: id,
      label: iscustomized ? `${name} (customizable)` : name,
    }));
  },
  async diskOfferingId({ client, settings }, options) {
    const params = { zoneid: settings.zoneId };
    const found = await client.list('listDiskOfferings', params, diskOfferingSchema, options);
    return found
      .filter(({ iscustomized }) => iscustomized)
      .map(({ id, name, storagetype }) => ({
        value: id,
        label: storagetype ? `${name} (${storagetype})` : name,
      }));
  },
  async networkId({ client, settings }, options) {
    const params = { zoneid: settings.zoneId, canusefordeploy: true, listall: true };
    const found = await client.list('listNetworks', params, networkSchema, options);
    return found.map(({ id, name, type }) => ({ value: id, label: type ? `${name} (${type})` : name }));
  },
  async osTypeId({ client }, options) {
    const found = await client.list('listOsTypes', {}, osTypeSchema, options);
    return found.map(({ id, description, name }) => ({ value: id, label: description ?? name ?? id }));
  },
};

/** What a placement can be chosen from, and what would stop it. */
export class CloudstackCatalog implements TargetCatalog<CloudstackPlacement> {
  constructor(private readonly cloud: Cloud) {}

  discover(options: CallOptions): Promise<Catalog> {
    return guarded(options, async () => {
      const names = Object.keys(LISTED);
      const lists = await Promise.all(names.map((field) => LISTED[field]!(this.cloud, options)));
      const listed = Object.fromEntries(names.map((field, i) => [field, lists[i] ?? []]));
      return { fields: { ...listed, ...FIXED } };
    });
  }

  choices(field: string, options: CallOptions): Promise<readonly Choice[]> {
    return guarded(options, () => {
      if (Object.hasOwn(LISTED, field)) return LISTED[field]!(this.cloud, options);
      return Promise.resolve(Object.hasOwn(FIXED, field) ? (FIXED[field] ?? []) : []);
    });
  }

  validate(placement: CloudstackPlacement, options: CallOptions): Promise<readonly Finding[]> {
    return guarded(options, async () => {
      const parsed = placementSchema.safeParse(placement);
      if (!parsed.success)
        return [found('request.invalid', 'blocker', `The placement cannot be read: ${parsed.error.message}`)];
      const { settings } = this.cloud;
      const findings = await Promise.all([
        this.serviceOffering(parsed.data.serviceOfferingId ?? settings.serviceOfferingId, options),
        this.diskOffering(parsed.data.diskOfferingId ?? settings.diskOfferingId, options),
        this.network(parsed.data.networkId ?? settings.networkId, options),
        this.osType(parsed.data.osTypeId, options),
        this.appliance(options),
        this.snapshots(options),
      ]);
      return findings.flat();
    });
  }

  private async serviceOffering(id: string, options: CallOptions): Promise<Finding[]> {
    const offerings = await this.cloud.client.list(
      'listServiceOfferings',
      { id },
      serviceOfferingSchema,
      options,
    );
    const offering = offerings.find((one) => one.id === id);
    if (!offering) return [gone('compute offering', id)];
    if (offering.iscustomized) return [];
    const size = `${offering.cpunumber ?? '?'} CPUs and ${offering.memory ?? '?'} MiB`;
    return [
      found(
        'config.invalid',
        'warning',
        `The compute offering "${offering.name}" is fixed: each machine gets ${size}.`,
      ),
    ];
  }

  private async diskOffering(id: string, options: CallOptions): Promise<Finding[]> {
    const offerings = await this.cloud.client.list('listDiskOfferings', { id }, diskOfferingSchema, options);
    const offering = offerings.find((one) => one.id === id);
    if (!offering) return [gone('disk offering', id)];
    if (offering.iscustomized) return [];
    return [
      found(
        'config.invalid',
        'blocker',
        `The disk offering "${offering.name}" has a size of its own; one of custom size is needed.`,
      ),
    ];
  }

  private async network(id: string, options: CallOptions): Promise<Finding[]> {
    const { client, settings } = this.cloud;
    const networks = await client.list('listNetworks', { id, listall: true }, networkSchema, options);
    const network = networks.find((one) => one.id === id);
    if (!network) return [gone('network', id)];
    if (network.zoneid === undefined || network.zoneid === settings.zoneId) return [];
    return [found('network.unmapped', 'blocker', `The network "${network.name}" is in another zone.`)];
  }

  private async osType(id: string | undefined, options: CallOptions): Promise<Finding[]> {
    if (id === undefined) return [];
    const types = await this.cloud.client.list('listOsTypes', { id }, osTypeSchema, options);
    return types.some((one) => one.id === id) ? [] : [gone('operating system', id)];
  }

  private async appliance(options: CallOptions): Promise<Finding[]> {
    const { settings } = this.cloud;
    const machine = await new MachineDeployment(this.cloud).read(settings.applianceVmId, options);
    if (!machine)
      return [
        found(
          'config.invalid',
          'blocker',
          'This appliance is not to be seen: is the key of another account?',
        ),
      ];
    if (machine.zoneid === undefined || machine.zoneid === settings.zoneId) return [];
    return [
      found('config.invalid', 'blocker', 'This appliance runs in another zone than the machines are to.'),
    ];
  }

  private async snapshots(options: CallOptions): Promise<Finding[]> {
    const { kvmsnapshotenabled } = await this.cloud.client.read(
      'listCapabilities',
      {},
      capabilitySchema,
      options,
    );
    if (kvmsnapshotenabled !== false) return [];
    return [
      found(
        'plugin.unsupported',
        'information',
        'Snapshots of attached volumes are switched off (kvm.snapshot.enabled): volumes are detached for each one.',
      ),
    ];
  }
}

function found(code: ErrorCode, severity: Finding['severity'], message: string): Finding {
  return { code, severity, message, remedy: ERRORS[code].remedy };
}

function gone(what: string, id: string): Finding {
  return found('config.invalid', 'blocker', `There is no ${what} "${id.slice(0, 64)}" for this account.`);
}
