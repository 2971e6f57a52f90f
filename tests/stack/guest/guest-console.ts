/** What the guest has said on its serial console so far. */
export interface GuestConsole {
  /** How often it reached its own init. */
  readonly boots: number;
  /** What the latest boot read back from its disks before it wrote anything. */
  readonly found: { readonly last: number; readonly complete: boolean } | undefined;
  /** The highest record that the latest boot acknowledged. */
  readonly acked: number | undefined;
  /** The last record, after an orderly shutdown of the latest boot. */
  readonly finalAcked: number | undefined;
  readonly failure: string | undefined;
}

/** Reads the serial log of the guest; half a line at its end is ignored. */
export function readGuestConsole(serialLog: string): GuestConsole {
  const whole = serialLog.slice(0, serialLog.lastIndexOf('\n') + 1);
  const boots = whole.split(/^ossea-boot\s*$/m);
  const latest = boots.length > 1 ? boots.at(-1)! : '';
  const lastNumber = (pattern: RegExp): number | undefined => {
    const value = [...latest.matchAll(pattern)].at(-1)?.[1];
    return value === undefined ? undefined : Number(value);
  };
  const found = /ossea-found last=(\d+) complete=(yes|no)/.exec(latest);
  return {
    boots: boots.length - 1,
    found: found ? { last: Number(found[1]), complete: found[2] === 'yes' } : undefined,
    acked: lastNumber(/ossea-(?:record|final) acked=(\d+)/g),
    finalAcked: lastNumber(/ossea-final acked=(\d+)/g),
    failure: /ossea-fail (.*)/.exec(latest)?.[1]?.trim(),
  };
}
