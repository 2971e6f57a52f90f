import { constants } from 'node:fs';
import { access, copyFile } from 'node:fs/promises';
import { MigrationError } from '@ossea/errors';
import type { UefiImages } from './machine-arguments.js';

/** Where Debian's package "ovmf" puts the firmware and the template of its variables. */
const OVMF = [
  ['/usr/share/OVMF/OVMF_CODE_4M.fd', '/usr/share/OVMF/OVMF_VARS_4M.fd'],
  ['/usr/share/OVMF/OVMF_CODE.fd', '/usr/share/OVMF/OVMF_VARS.fd'],
] as const;

/**
 * The UEFI firmware with variables of the machine's own, made at its first start.
 * Throws `machine.start-failed` when the host has no UEFI firmware.
 */
export async function uefiImages(variables: string): Promise<UefiImages> {
  for (const [code, template] of OVMF) {
    try {
      await access(code);
      await copyFile(template, variables, constants.COPYFILE_EXCL).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'EEXIST') throw error;
      });
      return { code, variables };
    } catch {
      // the next place
    }
  }
  throw new MigrationError(
    'machine.start-failed',
    'The machine needs UEFI firmware, which this host does not have: install the package "ovmf".',
  );
}
