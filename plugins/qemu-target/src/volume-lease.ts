import { randomBytes } from 'node:crypto';
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { MigrationError } from '@ossea/errors';
import { isMissing } from './record-store.js';

/** Who holds a lease: a process, told apart from later ones with its number and from earlier boots. */
interface Holder {
  readonly pid: number;
  readonly startTicks: string;
  readonly bootId: string;
  /** Tells two leases of one process apart. */
  readonly token: string;
}

/** The process's start in clock ticks since boot: field 22 of /proc/<pid>/stat (proc(5)); `undefined` when it is gone. */
async function startTicks(pid: number): Promise<string | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'latin1');
    // the name in parentheses may hold spaces and parentheses
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}

async function bootId(): Promise<string> {
  return (await readFile('/proc/sys/kernel/random/boot_id', 'latin1')).trim();
}

/** A lease is whole from its first moment, unless the power failed: then whoever held it is gone, too. */
const LOST: Holder = { pid: 0, startTicks: '', bootId: '', token: 'lost' };

async function readHolder(path: string): Promise<Holder | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
  try {
    return { ...LOST, ...(JSON.parse(text) as Partial<Holder>) };
  } catch {
    return LOST;
  }
}

async function lives(holder: Holder): Promise<boolean> {
  return holder.bootId === (await bootId()) && holder.startTicks === (await startTicks(holder.pid));
}

/** Whether a living process holds the lease. A lease whose holder has died counts for nothing. */
export async function isLeased(path: string): Promise<boolean> {
  const holder = await readHolder(path);
  return holder !== undefined && (await lives(holder));
}

function inUse(): MigrationError {
  return new MigrationError('volume.in-use', 'The volume is open already.');
}

/**
 * Takes a lease file for this process, or throws `volume.in-use` while a living process holds it.
 * @param path the lease file; its name exists exactly while the lease is held, or its holder has crashed.
 * @returns gives the lease back; harmless when repeated.
 */
export async function takeLease(path: string): Promise<() => Promise<void>> {
  const mine: Holder = {
    pid: process.pid,
    startTicks: (await startTicks(process.pid)) ?? '',
    bootId: await bootId(),
    token: randomBytes(8).toString('hex'),
  };
  const temporary = `${path}.${mine.token}.new`;
  await writeFile(temporary, JSON.stringify(mine), { mode: 0o600 });
  try {
    for (let tries = 0; tries < 3; tries += 1) {
      if (await placed(temporary, path)) return () => giveBack(path, mine.token);
      const holder = await readHolder(path);
      if (holder === undefined) continue;
      if (await lives(holder)) throw inUse();
      if (await replaced(temporary, path, holder)) return () => giveBack(path, mine.token);
    }
    throw inUse();
  } finally {
    await rm(temporary, { force: true });
  }
}

/** link() is atomic and fails when the name exists: nobody ever sees half a lease. */
async function placed(temporary: string, path: string): Promise<boolean> {
  try {
    await link(temporary, path);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

/**
 * Puts our lease over that of a dead holder. Only who has the lease on *this* holder's lease may: of many who see the
 * same dead holder one goes on, and one who comes late finds somebody else's lease and leaves it alone.
 */
async function replaced(temporary: string, path: string, dead: Holder): Promise<boolean> {
  const giveUp = await takeLease(`${path}.${dead.token.replace(/[^a-z0-9]/g, '')}`);
  try {
    if ((await readHolder(path))?.token !== dead.token) return false;
    await rename(temporary, path);
    return true;
  } finally {
    await giveUp();
  }
}

async function giveBack(path: string, token: string): Promise<void> {
  if ((await readHolder(path))?.token === token) await rm(path, { force: true });
}
