import type { TunnelState } from '@ossea/tunnel';
import type { Enrolment } from '../state/state-files.js';

/**
 * Which of the OMA's host keys is dialled for: the one we know, or the next one that it has announced. The old one is
 * given up only after a whole connection with the next: to show a public key proves nothing.
 */
export class AgentHostKeys {
  private chosen: string | undefined;

  toDial({ hostKeyFingerprint, nextHostKeyFingerprint }: Enrolment): string {
    const isNext = this.chosen !== undefined && this.chosen === nextHostKeyFingerprint;
    return isNext ? nextHostKeyFingerprint! : hostKeyFingerprint;
  }

  /** Whether the server shows the other one of the two: then that one must be dialled for. */
  isOther({ error }: TunnelState, known: Enrolment): boolean {
    if (error?.code !== 'tunnel.host-key-changed') return false;
    const { seen } = error.context;
    const dialled = this.toDial(known);
    const others = [known.hostKeyFingerprint, known.nextHostKeyFingerprint].filter((key) => key !== dialled);
    if (typeof seen !== 'string' || !others.includes(seen)) return false;
    this.chosen = seen;
    return true;
  }

  /** The enrolment after a connection with the next key: it knows that one only. */
  afterMove({ state }: TunnelState, known: Enrolment): Enrolment | undefined {
    const { nextHostKeyFingerprint, ...rest } = known;
    if (state === 'down' || nextHostKeyFingerprint === undefined) return undefined;
    if (this.toDial(known) !== nextHostKeyFingerprint) return undefined;
    return { ...rest, hostKeyFingerprint: nextHostKeyFingerprint };
  }
}
