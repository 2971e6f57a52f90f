import { readFile, rm } from 'node:fs/promises';
import { isProcessAlive, processArguments, processStartTime } from '@ossea/process';
import type { MachinePaths } from './machine-definition.js';

export interface MachineProcess {
  readonly pid: number;
  readonly startTime: string;
}

/**
 * The QEMU that runs a machine, found by its pid file and proven by its command line: a pid file of a process
 * that ended, or whose number somebody else has now, means that the machine is off.
 */
export async function findMachineProcess(paths: MachinePaths): Promise<MachineProcess | undefined> {
  let text: string;
  try {
    text = await readFile(paths.pid, 'utf8');
  } catch {
    return undefined;
  }
  const pid = Number(text.trim());
  if (!Number.isSafeInteger(pid) || pid <= 0) return undefined;
  const startTime = await processStartTime(pid);
  if (startTime === undefined) return undefined;
  if (!(await processArguments(pid)).includes(paths.pid)) return undefined;
  return (await isProcessAlive(pid, startTime)) ? { pid, startTime } : undefined;
}

/** Removes what a machine that is off left in its directory. */
export async function forgetMachineProcess(paths: MachinePaths): Promise<void> {
  for (const file of [paths.pid, paths.qmp, paths.operatorQmp]) await rm(file, { force: true });
}
