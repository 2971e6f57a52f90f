/** A signal with a time limit of its own. */
export interface Limited {
  /** Fires with the signal that was given, or when the time is over. */
  readonly signal: AbortSignal;
  /** Whether it was the time. */
  readonly isOver: () => boolean;
}

/**
 * Runs work that a signal ends, or a time limit.
 *
 * Not `AbortSignal.any([signal, AbortSignal.timeout(ms)])`: nothing holds that inner signal, and once it was collected
 * as garbage its timer is gone and the combined one never fires (seen on Node 20.20: a client of a monitor that was
 * not there waited for ever). Here a timer and a controller are held until the work has ended.
 * @param timeoutMs milliseconds from now.
 */
export async function withDeadline<T>(
  signal: AbortSignal,
  timeoutMs: number,
  work: (limited: Limited) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  let over = false;
  const abort = () => controller.abort(signal.reason);
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort, { once: true });
  const timer = setTimeout(() => {
    over = !controller.signal.aborted;
    controller.abort(new Error(`The time limit of ${timeoutMs} ms is over.`));
  }, timeoutMs);
  try {
    return await work({ signal: controller.signal, isOver: () => over });
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
  }
}
