import { MigrationError } from '@ossea/errors';
import type { CallOptions, PluginContext, SourceCapabilities, SourceSession } from '@ossea/plugin-sdk';
import { VmwareChangeTracking } from './change-tracking.js';
import { VmwareDisks } from './disks.js';
import { VmwareInventory } from './inventory.js';
import { LoginGuard } from './login-guard.js';
import { VmwarePower } from './power.js';
import { PrivilegeCheck } from './privilege-check.js';
import type { VmwareSettings } from './settings.js';
import { SnapshotLedger } from './snapshot-ledger.js';
import { VmwareSnapshots } from './snapshots.js';
import { TrackingSwitch } from './tracking-switch.js';
import { createTransports, type DiskTransport } from './transports/index.js';
import { VimClient, retrieveObjects } from './vim25/index.js';
import { Vsphere } from './vsphere.js';

/** The first release whose API has all that is used here. */
const MIN_API = [6, 7] as const;

/** A live session at a vCenter, or at an ESXi host by itself. */
export class VmwareSession implements SourceSession {
  readonly inventory: VmwareInventory;
  readonly snapshots: VmwareSnapshots;
  readonly disks: VmwareDisks;
  readonly can: SourceCapabilities;

  private constructor(
    private readonly vsphere: Vsphere,
    transports: readonly DiskTransport[],
    tracking: TrackingSwitch,
  ) {
    const privileges = new PrivilegeCheck(vsphere);
    this.inventory = new VmwareInventory(vsphere, transports, privileges);
    this.snapshots = new VmwareSnapshots(vsphere);
    this.disks = new VmwareDisks(vsphere, transports);
    this.can = {
      changedBlocks: new VmwareChangeTracking(vsphere, tracking),
      power: new VmwarePower(vsphere),
      privileges,
    };
  }

  /** Throws `auth.rejected`, `peer.untrusted`, `peer.unreachable`, `peer.protocol` or `plugin.unsupported`. */
  static async open(
    settings: VmwareSettings,
    context: PluginContext,
    call: CallOptions,
  ): Promise<VmwareSession> {
    const { host, port, username, password } = settings;
    const client = await VimClient.connect(
      {
        host,
        port,
        username,
        password,
        trust: trustOf(settings),
        log: context.log,
        loginGuard: await LoginGuard.open(context.scratchDir, settings),
      },
      call,
    );
    try {
      mustBeRecent(client.content.about.apiVersion, client.content.about.fullName);
      const ledger = await SnapshotLedger.open(context.scratchDir);
      const vsphere = new Vsphere(settings, context, client, ledger, await hostIdOf(client, call));
      const transports = await createTransports(settings.readers, {
        context,
        host,
        port,
        username,
        password,
        viaVcenter: vsphere.viaVcenter,
        certificate: client.certificate,
        trustedBy: trustOf(settings).by,
        ...(settings.certificateSha256 === undefined && settings.caPem !== undefined
          ? { caPem: settings.caPem }
          : {}),
        cookie: () => client.cookie(),
        onLogin: (listener) => client.onLogin(listener),
        keepAlive: (options) => client.keepAlive(options),
      });
      return new VmwareSession(vsphere, transports, await TrackingSwitch.open(vsphere));
    } catch (error) {
      await client[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Ends what reads disks, then logs out. Snapshots stay. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.vsphere.leases.endEverything();
    await this.vsphere.client[Symbol.asyncDispose]();
  }
}

function trustOf({ certificateSha256, caPem }: VmwareSettings) {
  if (certificateSha256 !== undefined) return { by: 'pin' as const, sha256: certificateSha256 };
  return { by: 'ca' as const, ...(caPem === undefined ? {} : { pem: caPem }) };
}

function mustBeRecent(apiVersion: string, fullName: string): void {
  const [major = 0, minor = 0] = apiVersion.split('.').map(Number);
  if (major > MIN_API[0] || (major === MIN_API[0] && minor >= MIN_API[1])) return;
  throw new MigrationError('plugin.unsupported', `vSphere 6.7 or later is needed; this is ${fullName}.`, {
    context: { apiVersion },
  });
}

/** The instance of a vCenter; an ESXi host by itself has none, and is known by its hardware. */
async function hostIdOf(client: VimClient, call: CallOptions): Promise<string> {
  const { instanceUuid } = client.content.about;
  if (instanceUuid !== undefined && instanceUuid !== '') return instanceUuid;
  const wanted = { type: 'HostSystem', paths: ['summary.hardware.uuid'] } as const;
  for await (const { props } of retrieveObjects(client, wanted, call)) {
    const uuid = props['summary.hardware.uuid'];
    if (typeof uuid === 'string' && uuid !== '') return uuid;
  }
  throw new MigrationError('peer.protocol', 'The endpoint does not say which vCenter or host it is.');
}
