/** The queues of the machines: what is done to a machine or its volumes is done one after the other, in order. */
export class Turns {
  private readonly last = new Map<string, Promise<void>>();

  /** Waits for its turn; gives what ends it. */
  async take(machineId: string): Promise<() => void> {
    const before = this.last.get(machineId);
    let end!: () => void;
    const mine = new Promise<void>((resolve) => (end = resolve));
    this.last.set(
      machineId,
      (before ?? Promise.resolve()).then(() => mine),
    );
    await before;
    return end;
  }
}
