import type { Duplex } from 'node:stream';
import type { Session } from 'ssh2';
import { ENROL_SUBSYSTEM } from './algorithms.js';

/** What a session channel can be asked for beside a subsystem; ssh2 lets us refuse each with our own hands. */
const NEVER = [
  'pty',
  'env',
  'x11',
  'auth-agent',
  'shell',
  'exec',
  'sftp',
  'signal',
  'window-change',
] as const;

/**
 * A session channel of somebody who wants to enrol: one subsystem, once. Everything else that a session can be asked for
 * (RFC 4254, section 6) is refused.
 */
export function serveEnrolSession(
  session: Session,
  hooks: { serve(channel: Duplex): void; refused(what: string, reject: (() => void) | undefined): void },
): void {
  const on = session.on.bind(session) as (
    name: string,
    listener: (accept?: () => Duplex, reject?: () => void, info?: { readonly name?: string }) => void,
  ) => void;
  for (const name of NEVER) on(name, (_accept, reject) => hooks.refused(`session ${name}`, reject));
  let served = false;
  on('subsystem', (accept, reject, info) => {
    if (served || info?.name !== ENROL_SUBSYSTEM || !accept)
      return hooks.refused('session subsystem', reject);
    served = true;
    hooks.serve(accept());
  });
}
