import type { IncomingMessage } from 'node:http';
import { CORRELATION_HEADER } from '@ossea/agent-protocol';

const PRINTABLE = /^[\x21-\x7e]{1,64}$/;

/** The id of the job that a request belongs to, where it names one that may stand in a log. */
export function correlationOf({ headers }: Pick<IncomingMessage, 'headers'>): string | undefined {
  const sent = headers[CORRELATION_HEADER];
  return typeof sent === 'string' && PRINTABLE.test(sent) ? sent : undefined;
}
