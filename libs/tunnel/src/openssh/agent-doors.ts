import { AgentDoor } from './agent-door.js';
import { connectToAgent } from './proven-agent.js';
import type { NumberedIdentity } from './key-files.js';

/** An agent that lives proves itself within a round trip. */
const STALE_MS = 2_000;

interface Entry {
  readonly door: AgentDoor;
  sessions: number;
}

/** The ways to the agents of all VMAs that are connected. */
export class AgentDoors {
  private readonly entries = new Map<string, Entry>();
  private readonly ends = new Set<Promise<void>>();

  constructor(
    private readonly options: {
      readonly tunnelUid: number;
      readonly listening: (identity: NumberedIdentity) => void;
      readonly refused: (id: string, what: string) => void;
    },
  ) {}

  /** One more session of a VMA is there: the agent may be behind it. */
  enter(identity: NumberedIdentity): void {
    const { id } = identity;
    const known = this.entries.get(id);
    if (known) {
      known.sessions += 1;
      return known.door.lookAgain(identity);
    }
    const before = Promise.all(this.ends);
    const door = new AgentDoor(identity, this.options.tunnelUid, before, {
      listening: () => this.options.listening(identity),
      refused: (what) => this.options.refused(id, what),
    });
    this.entries.set(id, { door, sessions: 1 });
  }

  /** Whether the VMA proves itself at its port now, and soon. */
  async answers(identity: NumberedIdentity): Promise<boolean> {
    try {
      (await connectToAgent(identity, this.options.tunnelUid, STALE_MS)).destroy();
      return true;
    } catch {
      return false;
    }
  }

  /** A session of a VMA is gone; with the last one the way to its agent. */
  leave(id: string): void {
    const known = this.entries.get(id);
    if (!known) return;
    known.sessions -= 1;
    if (known.sessions > 0) return known.door.lookAgain();
    this.entries.delete(id);
    const end = known.door.close().finally(() => this.ends.delete(end));
    this.ends.add(end);
  }

  async close(): Promise<void> {
    for (const id of [...this.entries.keys()]) {
      this.entries.get(id)!.sessions = 1;
      this.leave(id);
    }
    await Promise.all(this.ends);
  }
}
