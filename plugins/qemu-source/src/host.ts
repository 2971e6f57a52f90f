import { randomUUID } from 'node:crypto';
import { link, open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { MigrationError } from '@ossea/errors';
import type { PluginContext } from '@ossea/plugin-sdk';
import { ImageTool, MachineLauncher, fsyncDirectory } from '@ossea/qemu';
import { isMissing } from './snapshot-record.js';
import type { QemuSourceSettings } from './settings.js';

/** No machine can have this name. */
const ID_FILE = '.ossea-host';
const ID = /^qemu-[0-9a-f-]{36}$/;

/** The QEMU host that a session works on: a directory of machines. */
export class QemuHost {
  readonly launcher: MachineLauncher;
  readonly images: ImageTool;

  private constructor(
    readonly context: PluginContext,
    machinesDir: string,
    /** Stays with the directory, wherever it is mounted: change tokens of one host mean nothing on another. */
    readonly hostId: string,
  ) {
    this.launcher = new MachineLauncher({ runner: context.run, machinesDir });
    this.images = new ImageTool(context.run);
  }

  /** Throws `config.invalid` for what is no directory that can be read and written. */
  static async open({ machinesDir }: QemuSourceSettings, context: PluginContext): Promise<QemuHost> {
    try {
      const host = new QemuHost(context, machinesDir, await hostIdOf(machinesDir));
      await host.launcher.list();
      return host;
    } catch (cause) {
      throw new MigrationError(
        'config.invalid',
        'machinesDir: expected a directory that can be read and written.',
        { cause },
      );
    }
  }
}

/** The identity that the directory was given when it was first connected to. */
async function hostIdOf(machinesDir: string): Promise<string> {
  const path = join(machinesDir, ID_FILE);
  const known = await readId(path);
  if (known !== undefined) return known;
  const fresh = `${path}.${randomUUID()}`;
  const file = await open(fresh, 'wx', 0o644);
  try {
    await file.writeFile(`qemu-${randomUUID()}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  try {
    // of two who connect first, one gives the identity and both have it
    await link(fresh, path).catch((error: unknown) => {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    });
  } finally {
    await rm(fresh, { force: true });
  }
  await fsyncDirectory(machinesDir);
  const given = await readId(path);
  if (given === undefined)
    throw new MigrationError('config.invalid', 'The identity of the host cannot be kept.');
  return given;
}

async function readId(path: string): Promise<string | undefined> {
  let text: string;
  try {
    text = (await readFile(path, 'utf8')).trim();
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
  if (ID.test(text)) return text;
  throw new MigrationError('config.invalid', `The file ${ID_FILE} holds no identity of a host.`);
}
