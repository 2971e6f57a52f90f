export interface UntilOptions {
  readonly timeoutMs?: number;
  readonly everyMs?: number;
  /** Ends the waiting at once. */
  readonly signal?: AbortSignal;
}

/** Ends the waiting: what is waited for will never come. */
export class NeverError extends Error {
  override readonly name = 'NeverError';
}

/**
 * Asks again until the answer is truthy; the tests' only way to wait.
 * @param what what is waited for, for the error.
 * @param ask a rejection counts as "not yet", unless it is a `NeverError`; its message stands in the final error.
 * @param options.timeoutMs how long to ask; `options.everyMs` how often.
 */
export async function until<T>(
  what: string,
  ask: () => Promise<T> | T,
  { timeoutMs = 30_000, everyMs = 100, signal }: UntilOptions = {},
): Promise<NonNullable<T>> {
  const deadline = Date.now() + timeoutMs;
  let last: unknown;
  for (;;) {
    signal?.throwIfAborted();
    try {
      const answer = await ask();
      if (answer) return answer as NonNullable<T>;
      last = undefined;
    } catch (error) {
      if (error instanceof NeverError) throw error;
      last = error;
    }
    if (Date.now() > deadline)
      throw new Error(`waited ${timeoutMs} ms in vain until ${what}${saying(last)}`, { cause: last });
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

const saying = (last: unknown): string => (last instanceof Error ? `: ${last.message}` : '');
