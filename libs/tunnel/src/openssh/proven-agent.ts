import { randomBytes } from 'node:crypto';
import net, { type Socket } from 'node:net';
import { MigrationError } from '@ossea/errors';
import { z } from 'zod';
import { AGENT_PROOF_PATH, verifyAgentProof } from '../agent-proof.js';
import { listenerAt } from './loopback-sockets.js';
import type { NumberedIdentity } from './key-files.js';

const PROOF_MS = 5_000;
const ANSWER_BYTES = 8_192;
const Proof = z.object({ signature: z.string().max(128) });

/**
 * Connects to a VMA's agent at its loopback port. The connection is handed out only after whoever is at its other end has
 * proven, on this very connection, to be that VMA.
 * @param tunnelUid the OS user whose sshd listens there.
 * @param withinMs how long the proof may take.
 * @throws `tunnel.down` when nobody listens, `auth.rejected` when it is somebody else.
 */
export async function connectToAgent(
  identity: NumberedIdentity,
  tunnelUid: number,
  withinMs = PROOF_MS,
): Promise<Socket> {
  const { agentPort, id, publicKey } = identity;
  const listener = await listenerAt(agentPort);
  if (!listener) throw new MigrationError('tunnel.down', 'The agent of this VMA does not listen.');
  if (listener.uid !== tunnelUid) throw squatted();
  const socket = net.connect({ host: '127.0.0.1', port: agentPort, noDelay: true });
  try {
    const nonce = randomBytes(24).toString('base64url');
    const signature = await ask(socket, nonce, withinMs);
    if (!verifyAgentProof(publicKey, id, nonce, signature)) throw squatted();
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

/** One request of HTTP/1.1 (RFC 9112) whose answer leaves the connection open for what follows. */
function ask(socket: Socket, nonce: string, withinMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    let received = Buffer.alloc(0);
    const settle = (outcome: () => void) => {
      clearTimeout(timer);
      socket.removeListener('data', onData).removeListener('close', onClose).pause();
      outcome();
    };
    const fail = (why: string) => settle(() => reject(new MigrationError('peer.protocol', why)));
    const onClose = () => fail('The agent closed the connection instead of proving itself.');
    const onData = (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      if (received.length > ANSWER_BYTES) return fail('The agent said too much instead of proving itself.');
      try {
        const signature = signatureIn(received);
        if (signature !== undefined) settle(() => resolve(signature));
      } catch {
        settle(() => reject(squatted()));
      }
    };
    const timer = setTimeout(() => fail('The agent did not prove itself in time.'), withinMs);
    socket.on('error', () => socket.destroy());
    socket.on('data', onData);
    socket.once('close', onClose);
    socket.write(`GET ${AGENT_PROOF_PATH}?nonce=${nonce} HTTP/1.1\r\nhost: agent\r\n\r\n`);
  });
}

/** The signature of an answer that is complete, nothing of one that is not; throws for any other answer. */
function signatureIn(received: Buffer): string | undefined {
  const text = received.toString('latin1');
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const [status = '', ...headers] = text.slice(0, end).split('\r\n');
  const length = /^content-length: *(\d{1,4})$/i.exec(
    headers.find((line) => /^content-length:/i.test(line)) ?? '',
  );
  if (!/^HTTP\/1\.1 200 /.test(status) || !length) throw new Error('not a proof');
  const missing = Number(length[1]) - (text.length - end - 4);
  if (missing > 0) return undefined;
  if (missing < 0) throw new Error('more than was asked for');
  return Proof.parse(JSON.parse(text.slice(end + 4))).signature;
}

function squatted(): MigrationError {
  return new MigrationError('auth.rejected', 'What listens at the port of this VMA’s agent is not that VMA.');
}
