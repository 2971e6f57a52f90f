import { access, constants, statfs } from 'node:fs/promises';
import { ERRORS } from '@ossea/errors';
import type { CallOptions, Catalog, Choice, Finding, TargetCatalog } from '@ossea/plugin-sdk';
import { guarded } from './guarded.js';
import type { IsolatedNetworks } from './isolated-networks.js';
import { placementSchema, type QemuPlacement, type QemuTargetSettings } from './settings.js';

const MIB = 1024 * 1024;
/** Below this nothing sensible can be stored at all. */
const BLOCKED_BELOW_BYTES = 64 * MIB;
const WARN_BELOW_BYTES = 2048 * MIB;

const FIXED: Readonly<Record<string, readonly Choice[]>> = {
  format: [
    { value: 'raw', label: 'raw (sparse)' },
    { value: 'qcow2', label: 'qcow2' },
  ],
  accelerator: [
    { value: 'auto', label: 'KVM where it works, else emulation' },
    { value: 'tcg', label: 'Emulation only' },
  ],
};

/** Free bytes for what we would write, of the file system a directory is on. */
export type FreeBytes = (directory: string) => Promise<number>;

const freeBytesOf: FreeBytes = async (directory) => {
  const { bavail, bsize } = await statfs(directory);
  return bavail * bsize;
};

/** What a placement can be chosen from, and what would stop it. */
export class QemuCatalog implements TargetCatalog<QemuPlacement> {
  constructor(
    private readonly settings: QemuTargetSettings,
    private readonly networks: IsolatedNetworks,
    private readonly freeBytes: FreeBytes = freeBytesOf,
  ) {}

  discover(options: CallOptions): Promise<Catalog> {
    return guarded(options, async () => {
      const networks = await this.networks.list(options);
      const choices = networks.map(({ ref, name, isolated }) => ({
        value: ref,
        label: isolated ? `${name} (isolated)` : name,
      }));
      return { fields: { ...FIXED, network: choices } };
    });
  }

  async choices(field: string, options: CallOptions): Promise<readonly Choice[]> {
    const { fields } = await this.discover(options);
    return Object.hasOwn(fields, field) ? (fields[field] ?? []) : [];
  }

  validate(placement: QemuPlacement, options: CallOptions): Promise<readonly Finding[]> {
    return guarded(options, async () => {
      const parsed = placementSchema.safeParse(placement);
      if (!parsed.success)
        return [blocker('request.invalid', `The placement cannot be read: ${parsed.error.message}`)];
      const findings: Finding[] = [];
      const { network } = parsed.data;
      if (network !== undefined && !(await this.networks.list(options)).some(({ ref }) => ref === network))
        findings.push(blocker('network.unmapped', `There is no network "${network}" on this host.`));
      const { poolDir, machinesDir } = this.settings;
      for (const directory of [poolDir, machinesDir]) {
        const writable = await access(directory, constants.R_OK | constants.W_OK | constants.X_OK).then(
          () => true,
          () => false,
        );
        if (!writable)
          findings.push(blocker('config.invalid', `${directory} is not there or cannot be written.`));
      }
      return [...findings, ...(await this.spaceFindings(poolDir))];
    });
  }

  private async spaceFindings(directory: string): Promise<Finding[]> {
    const free = await this.freeBytes(directory).catch(() => undefined);
    if (free === undefined || free >= WARN_BELOW_BYTES) return [];
    const severity = free < BLOCKED_BELOW_BYTES ? 'blocker' : 'warning';
    const message = `Only ${Math.floor(free / MIB)} MiB are free in ${directory}.`;
    return [{ code: 'storage.full', severity, message, remedy: ERRORS['storage.full'].remedy }];
  }
}

function blocker(code: 'request.invalid' | 'network.unmapped' | 'config.invalid', message: string): Finding {
  return { code, severity: 'blocker', message, remedy: ERRORS[code].remedy };
}
