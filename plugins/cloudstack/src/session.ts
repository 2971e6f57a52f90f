import {
  Turns,
  type CallOptions,
  type PluginContext,
  type TargetCapabilities,
  type TargetLimits,
  type TargetSession,
} from '@ossea/plugin-sdk';
import { Attachments } from './attachments.js';
import { CloudstackCatalog } from './catalog.js';
import type { Cloud } from './cloud.js';
import { CloudstackClient, capabilitySchema, vmSnapshotSchema } from './client/index.js';
import { Devices } from './devices.js';
import { guarded } from './guarded.js';
import { Limits } from './limits.js';
import { MachineDeployment } from './machine-deployment.js';
import { MachineDisks } from './machine-disks.js';
import { Machines } from './machines.js';
import { MarkedVolumes } from './marked-volumes.js';
import { Networks } from './networks.js';
import { trustOf, type CloudstackPlacement, type CloudstackSettings } from './settings.js';
import { snapshotCost } from './snapshot-cost.js';
import { VolumeBlocks } from './volume-blocks.js';
import { VolumeSnapshots } from './volume-snapshots.js';
import { Volumes } from './volumes.js';

/** How long CloudStack is given; tests have less patience. */
export interface Pace {
  /** Milliseconds before each look at a job, the last one repeated. */
  readonly pollDelaysMs?: readonly number[];
  /** Milliseconds to wait for a job. */
  readonly jobDeadlineMs?: number;
  /** Milliseconds before a detach that has failed is asked for again. */
  readonly detachAgainMs?: number;
  /** Milliseconds until the device of an attached volume must be there. */
  readonly deviceAppearMs?: number;
  /** Milliseconds until a detached device must have gone from this appliance. */
  readonly deviceGoneMs?: number;
  /** Milliseconds before anything else is asked for again. */
  readonly againMs?: number;
}

interface Findings {
  readonly snapshotsWhileAttached: boolean;
  readonly snapshotCost: 'instant' | 'copies-volume';
}

/** A live connection to an account at CloudStack. */
export class CloudstackSession implements TargetSession<CloudstackPlacement> {
  readonly networks: Networks;
  readonly volumes: Volumes;
  readonly machines: Machines;
  readonly catalog: CloudstackCatalog;
  readonly can: TargetCapabilities;
  private readonly allowance: Limits;

  private constructor(
    private readonly cloud: Cloud,
    { snapshotsWhileAttached, snapshotCost: cost }: Findings,
    pace: Pace,
  ) {
    const marked = new MarkedVolumes(cloud);
    const attachments = new Attachments(cloud, pace.detachAgainMs);
    this.allowance = new Limits(cloud);
    this.networks = new Networks(cloud);
    const devices = new Devices(cloud.settings.hostPaths, pace.deviceAppearMs);
    this.volumes = new Volumes(cloud, marked, attachments, this.allowance, devices, pace.deviceGoneMs);
    const blocks = new VolumeBlocks(attachments, this.allowance, cloud.settings.applianceVmId);
    const disks = new MachineDisks(cloud, attachments, blocks, devices);
    this.machines = new Machines(cloud, new MachineDeployment(cloud), disks);
    this.catalog = new CloudstackCatalog(cloud);
    this.can = {
      volumeSnapshots: {
        ...(snapshotsWhileAttached
          ? { whileAttached: new VolumeSnapshots(cloud, marked, blocks, 'while-attached') }
          : {}),
        whileDetached: new VolumeSnapshots(cloud, marked, blocks, 'while-detached'),
        cost,
      },
      isolatedNetworks: this.networks,
      consoleUrl: this.machines,
    };
  }

  /** Connects and finds out what this zone can do. */
  static async open(
    settings: CloudstackSettings,
    context: PluginContext,
    options: CallOptions,
    pace: Pace = {},
  ): Promise<CloudstackSession> {
    const { apiUrl, apiKey, secretKey, projectId } = settings;
    const client = new CloudstackClient({
      apiUrl,
      apiKey,
      secretKey,
      trust: trustOf(settings),
      log: context.log,
      ...(projectId === undefined ? {} : { projectId }),
      ...(pace.pollDelaysMs ? { pollDelaysMs: pace.pollDelaysMs } : {}),
      ...(pace.jobDeadlineMs === undefined ? {} : { jobDeadlineMs: pace.jobDeadlineMs }),
    });
    try {
      // also the check of the keys: whatever they are wrong in, it is said here
      const capabilities = await client.read('listCapabilities', {}, capabilitySchema, options);
      const cloud: Cloud = {
        client,
        settings,
        context,
        turns: new Turns(),
        ...(pace.againMs === undefined ? {} : { againMs: pace.againMs }),
      };
      const params = { virtualmachineid: settings.applianceVmId, listall: true };
      const vmSnapshots = await client.list('listVMSnapshot', params, vmSnapshotSchema, options).catch(() => {
        options.signal.throwIfAborted();
        return [];
      });
      const findings: Findings = {
        snapshotsWhileAttached: capabilities.kvmsnapshotenabled === true && vmSnapshots.length === 0,
        snapshotCost: await snapshotCost(cloud, options),
      };
      return new CloudstackSession(cloud, findings, pace);
    } catch (error) {
      await client[Symbol.asyncDispose]();
      throw error;
    }
  }

  limits(options: CallOptions): Promise<TargetLimits> {
    return guarded(options, () => this.allowance.now(options));
  }

  /** Ends the connection. Volumes stay attached: they are this appliance's still, and it comes back to them. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.cloud.client[Symbol.asyncDispose]();
  }
}
