interface Refusal {
  readonly id?: string | undefined;
  readonly address: string;
  readonly what: string;
}

const EVERY_MS = 60_000;

/** Refusals at an open port come by the thousand: the first of a kind is logged at once, the rest as one line a minute. */
export class RefusalLog {
  private readonly counts = new Map<string, number>();
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly log: { warn(message: string): void }) {}

  add({ id, address, what }: Refusal): void {
    // who it is when that is known; an address is the peer's to choose, so it does not make a kind of its own
    const kind = id === undefined ? what : `${id}: ${what}`;
    const count = this.counts.get(kind);
    if (count === undefined) this.log.warn(`Refused at the tunnel (from ${address}): ${kind}`);
    this.counts.set(kind, (count ?? 0) + 1);
    this.timer ??= setTimeout(() => this.summarise(), EVERY_MS).unref();
  }

  private summarise(): void {
    this.timer = undefined;
    for (const [kind, count] of this.counts)
      if (count > 1) this.log.warn(`Refused at the tunnel ${count} times within a minute: ${kind}`);
    this.counts.clear();
  }
}
