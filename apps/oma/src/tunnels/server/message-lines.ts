import type { Duplex } from 'node:stream';
import type { z } from 'zod';

/** Longer than the table of a thousand VMAs, short enough that a peer gone mad is noticed. */
const LINE_BYTES = 4 << 20;

/**
 * Reads one JSON document a line from a stream and hands each to `onMessage`. Whatever is not a message of the
 * schema destroys the stream: both ends are ours, so it is a defect, and going on would hide it.
 */
export function readMessages<S extends z.ZodType>(
  stream: Duplex,
  schema: S,
  onMessage: (message: z.output<S>) => void,
): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    rest += chunk;
    for (let end = rest.indexOf('\n'); end >= 0; end = rest.indexOf('\n')) {
      const line = rest.slice(0, end);
      rest = rest.slice(end + 1);
      const message = parseLine(line, schema);
      if (message === undefined) return void stream.destroy(new Error('not a message of this channel'));
      onMessage(message);
      if (stream.destroyed) return;
    }
    if (rest.length > LINE_BYTES) stream.destroy(new Error('a message is too long'));
  });
}

/** Writes one message; a stream that is gone already swallows it. */
export function writeMessage(stream: Duplex, message: object): void {
  if (!stream.destroyed && stream.writable) stream.write(`${JSON.stringify(message)}\n`);
}

function parseLine<S extends z.ZodType>(line: string, schema: S): z.output<S> | undefined {
  try {
    const parsed = schema.safeParse(JSON.parse(line));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}
