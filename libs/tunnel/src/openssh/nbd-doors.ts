import type { NumberedIdentity } from './key-files.js';
import { NbdDoor } from './nbd-door.js';

/** The loopback numbers of all VMAs. Each is ours from before its VMA's key is let in, so that nobody else sits there. */
export class NbdDoors {
  private readonly doors = new Map<string, NbdDoor>();
  private readonly told = new Set<string>();

  constructor(
    private readonly options: {
      readonly tunnelUid: number;
      readonly mayPass: (id: string, open: number) => boolean;
      readonly refused: (id: string, what: string) => void;
    },
  ) {}

  isOpen(id: string, port: number): boolean {
    return this.doors.get(id)?.port === port;
  }

  /** Opens and closes doors until they are those of these VMAs. One that cannot be opened is told of once. */
  async apply(identities: readonly NumberedIdentity[]): Promise<void> {
    const wanted = new Map(identities.map((identity) => [identity.id, identity]));
    for (const [id, door] of this.doors) {
      const identity = wanted.get(id);
      if (identity?.nbdPort === door.port && identity.nbdSocketPath === door.nbdSocketPath) continue;
      this.doors.delete(id);
      await door.close();
    }
    for (const { id, nbdPort, nbdSocketPath } of wanted.values()) {
      if (this.doors.has(id)) continue;
      try {
        const door = await NbdDoor.open(nbdPort, nbdSocketPath, {
          tunnelUid: this.options.tunnelUid,
          mayPass: (open) => this.options.mayPass(id, open),
          refused: (what) => this.options.refused(id, what),
        });
        this.doors.set(id, door);
        this.told.delete(id);
      } catch {
        if (!this.told.has(id)) this.options.refused(id, 'its NBD port is held by another program');
        this.told.add(id);
      }
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.doors.values()].map((door) => door.close()));
    this.doors.clear();
  }
}
