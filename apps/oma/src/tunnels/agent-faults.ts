import { AGENT_PROTOCOL_VERSION, PROTOCOL_HEADER } from '@ossea/agent-protocol';
import { MigrationError, fromProblem } from '@ossea/errors';
import type { IncomingHttpHeaders } from 'node:http';
import type { KnownVma } from './known-vmas.js';

/** The path to a VMA, or the VMA itself, is not there: worth another try. */
export function tunnelDown({ id, name }: KnownVma, why: string, cause?: unknown): MigrationError {
  return new MigrationError('tunnel.down', `The VMA "${name}" cannot be reached: ${why}`, {
    context: { vma: name, vmaId: id },
    ...(cause === undefined ? {} : { cause }),
  });
}

/** Throws unless whoever answered speaks our version of the protocol. */
export function checkProtocol(vma: KnownVma, headers: IncomingHttpHeaders): void {
  const spoken = headers[PROTOCOL_HEADER];
  if (spoken === String(AGENT_PROTOCOL_VERSION)) return;
  const context = { vma: vma.name, vmaId: vma.id, ours: AGENT_PROTOCOL_VERSION };
  if (spoken === undefined)
    throw new MigrationError('peer.protocol', `What answers for the VMA "${vma.name}" is no agent.`, {
      context,
    });
  throw new MigrationError(
    'agent.version',
    `The VMA "${vma.name}" speaks version ${String(spoken).slice(0, 20)} of the agent protocol, this appliance version ${AGENT_PROTOCOL_VERSION}.`,
    { context: { ...context, theirs: String(spoken).slice(0, 20) } },
  );
}

/** The error that an answer other than success stands for. */
export function answeredProblem(vma: KnownVma, status: number, body: unknown): MigrationError {
  // not the caller's fault: nobody has to sign in again because two appliances do not trust each other
  if (status === 401 || status === 403)
    return new MigrationError(
      'auth.rejected',
      `The VMA "${vma.name}" does not accept the token of this appliance: compare the clocks of both, or enrol it again.`,
      { context: { vma: vma.name, vmaId: vma.id } },
    );
  if (typeof body === 'object' && body !== null && 'code' in body) return remoteProblem(body, vma.id);
  return new MigrationError('peer.protocol', `The VMA "${vma.name}" answered with status ${status}.`, {
    context: { vma: vma.name, vmaId: vma.id, status },
  });
}

/**
 * The error that a VMA tells of. What nobody here has aborted, the VMA has: it shuts down, and another try finds its next
 * life. A caller that did abort never reads its answer.
 */
export function remoteProblem(problem: object, vmaId: string): MigrationError {
  const error = fromProblem(problem);
  if (error.code !== 'call.aborted') return error;
  return new MigrationError('tunnel.down', 'The VMA stopped what it was asked to do: it shuts down.', {
    context: { vmaId },
    cause: error,
  });
}
