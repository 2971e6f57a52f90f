/** What reads a snapshot must have ended before the snapshot is removed: an open file keeps vSphere from consolidating. */
export class OpenLeases {
  private readonly bySnapshot = new Map<string, Set<AsyncDisposable>>();

  /** @returns forgets the lease again. */
  add(snapshot: string, lease: AsyncDisposable): () => void {
    const leases = this.bySnapshot.get(snapshot) ?? new Set();
    leases.add(lease);
    this.bySnapshot.set(snapshot, leases);
    return () => {
      leases.delete(lease);
      if (leases.size === 0 && this.bySnapshot.get(snapshot) === leases) this.bySnapshot.delete(snapshot);
    };
  }

  /** Ends what reads one snapshot. */
  async endAll(snapshot: string): Promise<void> {
    await Promise.all(
      [...(this.bySnapshot.get(snapshot) ?? [])].map((lease) => lease[Symbol.asyncDispose]()),
    );
  }

  /** Ends everything. */
  async endEverything(): Promise<void> {
    await Promise.all([...this.bySnapshot.keys()].map((snapshot) => this.endAll(snapshot)));
  }
}
