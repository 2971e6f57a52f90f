import { COPY_PING_MS, type CopyEvent } from '@ossea/agent-protocol';
import type { CopyProgress } from '@ossea/copy-engine';

/** At most four measurements a second. */
const PROGRESS_EVERY_MS = 250;

/** What is told of a copy: the latest measurement, and in the end how it ended. */
export interface Watched {
  readonly progress: CopyProgress | undefined;
  readonly end: CopyEvent | undefined;
  /** Calls back after each change of these two; the answer ends that. */
  listen(changed: () => void): () => void;
}

/**
 * The events of a copy: what is known at once, then measurements and pings, then exactly one end. Whoever reads slowly
 * gets the latest measurement, not all of them. Ends without an end when the signal fires.
 */
export async function* copyEvents(
  copy: Watched,
  signal: AbortSignal,
  { progressEveryMs = PROGRESS_EVERY_MS, pingEveryMs = COPY_PING_MS } = {},
): AsyncGenerator<CopyEvent, void, undefined> {
  let wake = (): void => undefined;
  const unlisten = copy.listen(() => wake());
  const onAbort = (): void => wake();
  signal.addEventListener('abort', onAbort);
  let told: CopyProgress | undefined;
  let restUntilMs = 0;
  let pingAtMs = performance.now() + pingEveryMs;
  try {
    while (!signal.aborted) {
      const nowMs = performance.now();
      const { progress, end } = copy;
      const news = progress !== undefined && progress !== told;
      if (news && (end || nowMs >= restUntilMs)) {
        told = progress;
        restUntilMs = nowMs + progressEveryMs;
        yield { progress };
      } else if (end) {
        yield end;
        return;
      } else if (nowMs >= pingAtMs) {
        pingAtMs = nowMs + pingEveryMs;
        yield { ping: true };
      } else {
        const untilMs = news ? Math.min(restUntilMs, pingAtMs) : pingAtMs;
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, Math.max(1, untilMs - nowMs));
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
    }
  } finally {
    unlisten();
    signal.removeEventListener('abort', onAbort);
  }
}
