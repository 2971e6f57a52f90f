import { MigrationError } from '@ossea/errors';

/** A hypervisor that does not answer must not keep us from stopping. */
const DISPOSE_MS = 5_000;

/** Disposes of what a plugin gave us. Throws when that fails or takes too long; what was begun then goes on. */
export async function disposeInTime(resource: AsyncDisposable, timeoutMs = DISPOSE_MS): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () => reject(new MigrationError('process.not-ready', `It did not end within ${timeoutMs} ms.`)),
      timeoutMs,
    );
  });
  try {
    await Promise.race([resource[Symbol.asyncDispose](), late]);
  } finally {
    clearTimeout(timer);
  }
}
