import { mkdir, open, readFile, readdir, rename, rm, rmdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { MigrationError } from '@ossea/errors';
import { fsyncDirectory } from './fsync-path.js';
import {
  machineDefinitionSchema,
  machineIdSchema,
  machinePaths,
  type MachineDefinition,
  type MachinePaths,
} from './machine-definition.js';

const missing = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');

/** The definitions of a QEMU host: one directory a machine. */
export class MachineStore {
  constructor(readonly machinesDir: string) {}

  /** Throws `resource.not-found` for an id that no machine can have. */
  paths(id: string): MachinePaths {
    if (!machineIdSchema.safeParse(id).success) throw notFound(id);
    return machinePaths(this.machinesDir, id);
  }

  /** The ids of all machines that have a definition, in order. Throws `config.invalid` when the directory cannot be read. */
  async ids(): Promise<readonly string[]> {
    let names: string[];
    try {
      names = await readdir(this.machinesDir);
    } catch (cause) {
      throw new MigrationError('config.invalid', 'The directory of machines cannot be read.', {
        cause,
        context: { machinesDir: this.machinesDir },
      });
    }
    const ids: string[] = [];
    for (const name of names.sort()) if (await this.has(name)) ids.push(name);
    return ids;
  }

  /** Throws `resource.not-found`, and `config.invalid` for a definition that does not hold what it must. */
  async read(id: string): Promise<MachineDefinition> {
    const { definition } = this.paths(id);
    let text: string;
    try {
      text = await readFile(definition, 'utf8');
    } catch (error) {
      if (missing(error)) throw notFound(id);
      throw new MigrationError('storage.io-failed', 'The definition cannot be read.', { cause: error });
    }
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch (cause) {
      throw new MigrationError('config.invalid', `The definition of machine "${id}" is no JSON.`, { cause });
    }
    const parsed = machineDefinitionSchema.safeParse(json);
    if (parsed.success && parsed.data.id === id) return parsed.data;
    const where = parsed.success ? 'id' : (parsed.error.issues[0]?.path.join('.') ?? '');
    throw new MigrationError('config.invalid', `The definition of machine "${id}" is wrong at "${where}".`, {
      context: { machine: id, field: where },
    });
  }

  /** Writes a definition, whole or not at all, replacing an earlier one. Throws `config.invalid`. */
  async write(machine: MachineDefinition): Promise<void> {
    const parsed = machineDefinitionSchema.safeParse(machine);
    if (!parsed.success) {
      const where = parsed.error.issues[0]?.path.join('.') ?? '';
      throw new MigrationError('config.invalid', `A machine cannot be defined like this: "${where}".`);
    }
    const { directory, definition } = this.paths(machine.id);
    await mkdir(directory, { recursive: true });
    const temporary = `${definition}.new`;
    const file = await open(temporary, 'w', 0o600);
    try {
      await file.writeFile(`${JSON.stringify(parsed.data, undefined, 2)}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, definition);
    await fsyncDirectory(directory);
    await fsyncDirectory(dirname(directory));
  }

  /** Forgets a machine: our files only. Disks, and anything else that somebody put beside them, stay. */
  async remove(id: string): Promise<void> {
    const paths = this.paths(id);
    const ours = [paths.definition, `${paths.definition}.new`, paths.pid, paths.qmp, paths.operatorQmp];
    for (const file of [...ours, paths.serialLog, paths.firmwareVariables]) await rm(file, { force: true });
    try {
      await rmdir(paths.directory);
    } catch (error) {
      const kept = error instanceof Error && 'code' in error && error.code === 'ENOTEMPTY';
      if (!kept && !missing(error)) throw error;
    }
  }

  private async has(name: string): Promise<boolean> {
    if (!machineIdSchema.safeParse(name).success) return false;
    try {
      await (await open(this.paths(name).definition)).close();
      return true;
    } catch {
      return false;
    }
  }
}

function notFound(id: string): MigrationError {
  return new MigrationError('resource.not-found', 'There is no such machine.', { context: { machine: id } });
}
