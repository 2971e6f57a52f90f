/**
 * Runs work that either signal ends. Unlike with `AbortSignal.any` nothing of it stays at a signal that outlives the
 * work by days.
 */
export async function untilEither<T>(
  one: AbortSignal,
  other: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const either = new AbortController();
  const abort = () => either.abort();
  if (one.aborted || other.aborted) abort();
  one.addEventListener('abort', abort, { once: true });
  other.addEventListener('abort', abort, { once: true });
  try {
    return await work(either.signal);
  } finally {
    one.removeEventListener('abort', abort);
    other.removeEventListener('abort', abort);
  }
}
