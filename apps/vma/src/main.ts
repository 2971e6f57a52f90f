import { asMigrationError } from '@ossea/errors';
import { loadConfig } from './config/load-config.js';
import { enrolCommand } from './enrolment/enrol-command.js';
import { startVma } from './start-vma.js';

const EXIT_CONFIGURATION = 2;
const STOP_WITHIN_MS = 9_500;
const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

const say = (text: string): void => void process.stderr.write(`${text}\n`);

/** `vma` runs the service until it is told to stop, `vma enrol` asks an OMA to trust it. */
async function main([command, ...rest]: readonly string[]): Promise<void> {
  // whatever we write is ours alone
  process.umask(0o077);
  if (rest.length > 0 || (command !== undefined && command !== 'enrol')) {
    say('usage: vma [enrol]');
    process.exit(EXIT_CONFIGURATION);
  }
  const config = await loadConfig();
  if (command === 'enrol')
    return enrolCommand(
      config,
      process.stdin,
      (line) => void process.stdout.write(`${line}\n`),
      process.stdout,
    );
  // asked to stop while it starts, it stops when it has started: half a start cannot be ended in order
  const told = stopSignal();
  const vma = await startVma(config, { tellConsole: say });
  await told;
  setTimeout(() => {
    say('The VMA did not stop in time; its journals go on where they are cut off.');
    process.exit(1);
  }, STOP_WITHIN_MS).unref();
  await vma[Symbol.asyncDispose]();
}

/** Comes with the first signal to stop; a second one has its usual effect. */
function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    const stop = (): void => {
      for (const signal of SIGNALS) process.off(signal, stop);
      resolve();
    };
    for (const signal of SIGNALS) process.on(signal, stop);
  });
}

try {
  await main(process.argv.slice(2));
  process.exit(0);
} catch (error) {
  const { code, message } = asMigrationError(error);
  say(`${code}: ${message}`);
  if (code === 'internal.unexpected' && error instanceof Error) say(error.stack ?? '');
  process.exit(code.startsWith('config.') ? EXIT_CONFIGURATION : 1);
}
