import { MigrationError, fromProblem, throwIfAborted, type Problem } from '@ossea/errors';
import { ENROL_SUBSYSTEM, ENROL_USER } from './algorithms.js';
import { SshConnection, type DialOptions } from './ssh-connection.js';

const ANSWER_BYTES = 65_536;
const ANSWER_TIMEOUT_MS = 15_000;

/**
 * One enrolment exchange: logs in as `enroll` with the new key, sends one request, returns the answer.
 * @throws what the server answers, `tunnel.host-key-changed`, `auth.rejected`, `peer.unreachable`, `peer.protocol`.
 */
export async function exchangeEnrolment(
  options: Omit<DialOptions, 'username'>,
  request: unknown,
  signal: AbortSignal,
): Promise<unknown> {
  const connection = await SshConnection.dial({ ...options, username: ENROL_USER }, signal);
  try {
    const channel = await connection.subsystem(ENROL_SUBSYSTEM);
    channel.write(`${JSON.stringify(request)}\n`);
    const line = await new Promise<string>((resolve, reject) => {
      let received = '';
      const fail = (why: string) => reject(new MigrationError('peer.protocol', why));
      const timer = setTimeout(
        () => fail('The enrolment service did not answer in time.'),
        ANSWER_TIMEOUT_MS,
      );
      channel.on('data', (chunk: Buffer) => {
        received += chunk.toString('utf8');
        if (received.length > ANSWER_BYTES) fail('The answer is too long.');
        else if (received.includes('\n')) resolve(received.slice(0, received.indexOf('\n')));
      });
      channel.once('close', () => {
        clearTimeout(timer);
        fail('The enrolment service closed the channel without an answer.');
      });
      signal.addEventListener('abort', () => fail('The exchange was aborted.'), { once: true });
    });
    throwIfAborted(signal);
    const answer = JSON.parse(line) as { readonly value?: unknown; readonly problem?: Problem };
    if (answer.problem) throw fromProblem(answer.problem);
    return answer.value;
  } finally {
    connection.destroy();
  }
}
