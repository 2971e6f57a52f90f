import type { Duplex } from 'node:stream';
import { MigrationError, toProblem } from '@ossea/errors';

const REQUEST_BYTES = 8_192;
const REQUEST_TIMEOUT_MS = 10_000;

/**
 * Serves one enrolment exchange on a channel: one line of JSON in, one line out, then the channel ends.
 * A request that is too long, too slow or not JSON is answered with a problem document. Nothing else is reachable here.
 */
export function serveEnrolChannel(channel: Duplex, answer: (request: unknown) => Promise<unknown>): void {
  let received = '';
  let settled = false;
  const reply = (value: unknown) => channel.end(`${JSON.stringify(value)}\n`);
  const refuse = (why: string) => {
    if (settled) return;
    settled = true;
    reply({ problem: toProblem(new MigrationError('request.invalid', why)) });
  };
  const timer = setTimeout(() => refuse('The request did not arrive in time.'), REQUEST_TIMEOUT_MS);
  timer.unref();
  channel.on('error', () => channel.destroy());
  channel.once('close', () => clearTimeout(timer));
  channel.on('data', (chunk: Buffer) => {
    if (settled) return;
    received += chunk.toString('utf8');
    if (received.length > REQUEST_BYTES) return refuse('The request is too long.');
    const end = received.indexOf('\n');
    if (end < 0) return;
    let request: unknown;
    try {
      request = JSON.parse(received.slice(0, end));
    } catch {
      return refuse('The request is not JSON.');
    }
    settled = true;
    clearTimeout(timer);
    answer(request).then(
      (value) => reply({ value }),
      (error: unknown) => reply({ problem: toProblem(error) }),
    );
  });
}
