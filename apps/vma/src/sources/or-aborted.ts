import { MigrationError } from '@ossea/errors';

/**
 * The answer of a call, or `call.aborted` as soon as the signal fires: a plugin that is deaf to it must not hold up
 * whoever stops.
 * @param late gets an answer that came after that, to give it back.
 */
export async function orAborted<T>(
  signal: AbortSignal,
  call: Promise<T>,
  late?: (answer: T) => void,
): Promise<T> {
  let stop: () => void = () => undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    stop = () => reject(new MigrationError('call.aborted', 'The call was aborted.'));
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([call, aborted]);
  } catch (error) {
    if (signal.aborted)
      call.then(
        (answer) => late?.(answer),
        () => undefined,
      );
    throw error;
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
