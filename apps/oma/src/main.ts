import { asMigrationError } from '@ossea/errors';
import { loadConfig } from './config/load-config.js';
import { startOma, type RunningOma } from './start-oma.js';

/** A supervisor waits a little longer than this before it kills us. */
const STOP_WITHIN_MS = 28_000;
const EXIT_CONFIGURATION = 2;

const say = (text: string): void => void process.stderr.write(`${text}\n`);

async function main(): Promise<void> {
  // whatever we write is ours alone
  process.umask(0o077);
  let oma: RunningOma;
  try {
    oma = await startOma(await loadConfig(), {
      announceCode: (code) => say(`Set-up code, valid once: ${code}`),
    });
  } catch (error) {
    const { code, message } = asMigrationError(error);
    say(message);
    if (code === 'internal.unexpected' && error instanceof Error) say(error.stack ?? '');
    process.exit(code.startsWith('config.') ? EXIT_CONFIGURATION : 1);
  }
  const stop = (): void => {
    for (const signal of SIGNALS) process.off(signal, stop);
    setTimeout(() => {
      say('The appliance did not stop in time; its next life goes on where this one is cut off.');
      process.exit(1);
    }, STOP_WITHIN_MS).unref();
    oma[Symbol.asyncDispose]().then(
      () => process.exit(0),
      (error: unknown) => {
        say(String(error));
        process.exit(1);
      },
    );
  };
  for (const signal of SIGNALS) process.on(signal, stop);
}

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

await main();
