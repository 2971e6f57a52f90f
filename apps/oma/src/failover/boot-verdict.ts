import type { BootVerdict, StepProgress } from '@ossea/core';
import { MigrationError } from '@ossea/errors';
import type { MachineRef } from '@ossea/plugin-sdk';
import { setTimeout as delay } from 'node:timers/promises';
import type { RunContext } from '../replication/run-context.js';

/** How long a machine may take until its console says that it is up. */
const BOOT_TIMEOUT_MS = 180_000;
const PROBE_INTERVAL_MS = 500;
const LOG_BYTES = 16_384;

/**
 * Lines of a serial console that only a machine with a running user space prints.
 * The last one is what a machine may print by itself to be judged by: any line that names its readiness.
 */
const SIGNS_OF_LIFE: readonly RegExp[] = [
  /^\S+ login: *$/m,
  /\bReached target (?:.*Multi-User|.*Login)/i,
  /^Welcome to .+!$/m,
  /^ossea-found .+$/m,
];
const SIGNS_OF_DEATH: readonly RegExp[] = [
  /Kernel panic - not syncing.*/,
  /No bootable device/i,
  /Boot failed: not a bootable disk/i,
  /You are in emergency mode/i,
];

/** What a console log says: a sign of life or of death, with the line that shows it. */
export function readConsole(log: string): BootVerdict | undefined {
  for (const sign of SIGNS_OF_DEATH) {
    const line = sign.exec(log)?.[0];
    if (line !== undefined) return { booted: false, evidence: line.trim() };
  }
  for (const sign of SIGNS_OF_LIFE) {
    const line = sign.exec(log)?.[0];
    if (line !== undefined) return { booted: true, evidence: line.trim() };
  }
  return undefined;
}

/**
 * Watches a started machine until it has booted, has died, or its time is over.
 * Where the target shows no serial log, all that can be known is that the machine runs and goes on running; the
 * evidence says so, and that a person should look at its console.
 */
export async function judgeBoot(
  { target, settings: { settleMs } }: Pick<RunContext, 'target' | 'settings'>,
  machine: MachineRef,
  { signal, report }: { readonly signal: AbortSignal; readonly report: (progress: StepProgress) => void },
): Promise<BootVerdict> {
  const serialLog = target.can.consoleScreenshot?.serialLog;
  const began = Date.now();
  for (;;) {
    const state = await target.machines.state(machine, { signal });
    const log =
      (await serialLog?.call(target.can.consoleScreenshot, machine, { signal, maxBytes: LOG_BYTES })) ?? '';
    const verdict = readConsole(log);
    if (verdict?.booted) return verdict;
    if (verdict || state !== 'running')
      throw new MigrationError('machine.boot-failed', verdict?.evidence ?? `The machine is ${state}.`, {
        context: { machine },
      });
    const elapsed = Date.now() - began;
    if (!serialLog && elapsed > settleMs)
      return { booted: true, evidence: evidenceOfRunning(target, settleMs) };
    report({
      fraction: Math.min(0.99, elapsed / (serialLog ? BOOT_TIMEOUT_MS : settleMs)),
      note: log.trimEnd().split('\n').at(-1) ?? '',
    });
    if (serialLog && elapsed > BOOT_TIMEOUT_MS) {
      throw new MigrationError(
        'machine.boot-failed',
        `No sign of life on the console for ${BOOT_TIMEOUT_MS / 1000} s.`,
        {
          context: { machine, lastLine: log.trimEnd().split('\n').at(-1) ?? '' },
        },
      );
    }
    await delay(PROBE_INTERVAL_MS, undefined, { signal });
  }
}

function evidenceOfRunning({ can }: RunContext['target'], settleMs: number): string {
  const ran = `It has been running for ${settleMs / 1000} s; what it shows cannot be read here.`;
  return can.consoleUrl ? `${ran} Look at its console.` : ran;
}
