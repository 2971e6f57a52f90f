import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The sshds that run, as files named after their process groups. The kernel ends the first process of a group with us,
 * but not the one that serves the connection: what a former life left of them is ended by the next one.
 */
export class RunningFiles {
  constructor(private readonly directory: string) {}

  note(group: number): void {
    writeFileSync(join(this.directory, String(group)), '');
  }

  forget(group: number): void {
    rmSync(join(this.directory, String(group)), { force: true });
  }

  /** Ends what is left of former lives: only groups in which something still calls itself sshd. */
  endLeftovers(): void {
    const groups = new Set(readdirSync(this.directory).filter((name) => /^[1-9]\d*$/.test(name)));
    for (const entry of groups.size > 0 ? readdirSync('/proc') : []) {
      if (!/^\d+$/.test(entry)) continue;
      const group = groupOfSshd(entry);
      if (group === undefined || !groups.has(group)) continue;
      endGroup(Number(group));
    }
    for (const group of groups) this.forget(Number(group));
  }
}

/** Ends a process group now; one that is gone already is as good. */
export function endGroup(group: number): void {
  try {
    process.kill(-group, 'SIGKILL');
  } catch {
    // it has just ended
  }
}

/** proc(5): the name stands in brackets, then state, parent and process group. */
function groupOfSshd(pid: string): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const name = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'));
    return name === 'sshd' ? stat.slice(stat.lastIndexOf(')') + 2).split(' ')[2] : undefined;
  } catch {
    return undefined;
  }
}
