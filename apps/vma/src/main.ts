import { asMigrationError } from '@ossea/errors';
import { loadConfig } from './config/load-config.js';
import { enrolCommand } from './enrolment/enrol-command.js';
import { startVma } from './start-vma.js';

const EXIT_CONFIGURATION = 2;
/** A supervisor waits a little longer than this before it kills us. */
const STOP_WITHIN_MS = 20_000;
const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

const say = (text: string): void => void process.stderr.write(`${text}\n`);

/** `vma` runs the service, `vma enrol` asks an OMA to trust it. */
async function main([command, ...rest]: readonly string[]): Promise<void> {
  // whatever we write is ours alone
  process.umask(0o077);
  if (rest.length > 0 || (command !== undefined && command !== 'enrol')) {
    say('usage: vma [enrol]');
    process.exit(EXIT_CONFIGURATION);
  }
  const config = await loadConfig();
  if (command === 'enrol') {
    await enrolCommand(config);
    process.exit(0);
  }
  const vma = await startVma(config);
  const stop = (): void => {
    for (const signal of SIGNALS) process.off(signal, stop);
    setTimeout(() => process.exit(1), STOP_WITHIN_MS).unref();
    vma[Symbol.asyncDispose]().then(
      () => process.exit(0),
      (error: unknown) => {
        say(String(error));
        process.exit(1);
      },
    );
  };
  for (const signal of SIGNALS) process.on(signal, stop);
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  const { code, message } = asMigrationError(error);
  say(`${code}: ${message}`);
  process.exit(code.startsWith('config.') ? EXIT_CONFIGURATION : 1);
}
