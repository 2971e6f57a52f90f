import { Injectable } from '@nestjs/common';
import { NO_STORAGE_DAEMON } from '@ossea/tunnel';
import type { TunnelEvent } from './server/control-messages.js';

/** What went through the tunnels, and what was refused at them, since this process was started. */
@Injectable()
export class TunnelTraffic {
  /** Of connections that have ended, by VMA. */
  private readonly ended = new Map<string, number>();
  /** Of connections that stand, by their number. */
  private readonly live = new Map<number, { readonly id: string; readonly bytes: number }>();
  private readonly refusedOf = new Map<string, number>();

  onEvent(event: TunnelEvent): void {
    switch (event.type) {
      case 'traffic':
        for (const { connection, id, bytes } of event.connections) this.live.set(connection, { id, bytes });
        break;
      case 'disconnected':
        this.live.delete(event.connection);
        this.add(event.id, event.bytes);
        break;
      case 'refused': {
        const kind = kindOf(event.what);
        this.refusedOf.set(kind, (this.refusedOf.get(kind) ?? 0) + 1);
      }
    }
  }

  /** The server process is gone: what its connections had carried by then is all that they will. */
  onLost(): void {
    for (const { id, bytes } of this.live.values()) this.add(id, bytes);
    this.live.clear();
  }

  /** Both ways. */
  bytesOf(vmaId: string): number {
    let bytes = this.ended.get(vmaId) ?? 0;
    for (const one of this.live.values()) if (one.id === vmaId) bytes += one.bytes;
    return bytes;
  }

  /** Refusals by their kind. */
  refused(): ReadonlyMap<string, number> {
    return this.refusedOf;
  }

  private add(vmaId: string, bytes: number): void {
    this.ended.set(vmaId, (this.ended.get(vmaId) ?? 0) + bytes);
  }
}

const KINDS: readonly [RegExp, string][] = [
  [/^authentication/, 'authentication'],
  [/^direct-tcpip/, 'other-address'],
  [/^(tcpip-forward|cancel-tcpip-forward|the agent listener)/, 'listener'],
  [/^(session|direct-streamlocal)/, 'other-channel'],
  [/^channel limit/, 'channel-limit'],
  [new RegExp(`^${NO_STORAGE_DAEMON}`), 'no-storage-daemon'],
];

/** A peer may choose the words of a refusal, and must not choose how many kinds there are. */
function kindOf(what: string): string {
  return KINDS.find(([pattern]) => pattern.test(what))?.[1] ?? 'other';
}
