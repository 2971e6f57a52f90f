import { asMigrationError } from '@ossea/errors';
import { AccessCodes } from './access/access-codes.js';
import { loadConfig } from './config/load-config.js';
import { startOma, type RunningOma } from './start-oma.js';

/** A supervisor waits a little longer than this before it kills us. */
const STOP_WITHIN_MS = 28_000;
const EXIT_CONFIGURATION = 2;

const say = (text: string): void => void process.stderr.write(`${text}\n`);

/**
 * `recover`: a one-time code for the first administrator whose password is lost. Whoever may write into the state
 * directory is on the machine and owns the appliance anyway. The appliance may run meanwhile.
 */
async function recover(): Promise<void> {
  const { stateDir } = await loadConfig();
  const code = await new AccessCodes(stateDir).recovery.renew();
  say(`Recovery code, valid once and for an hour: ${code}`);
  say('Trade it for a new password: POST /api/v1/access/recover, or `ossea login --recover`.');
}

async function main(): Promise<void> {
  // whatever we write is ours alone
  process.umask(0o077);
  const [command] = process.argv.slice(2);
  if (command === 'recover') return recover();
  if (command !== undefined) {
    say(
      `There is no command "${command.slice(0, 40)}": without one the appliance starts, with "recover" it prints a code.`,
    );
    process.exit(EXIT_CONFIGURATION);
  }
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
