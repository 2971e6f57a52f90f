import type { ErrorCode } from '@ossea/errors';
import { Command, CommanderError, Option } from 'commander';
import { ProblemError } from './api/api-client.js';
import { addAccessCommands } from './commands/access-commands.js';
import { addAuditCommands } from './commands/audit-commands.js';
import { addConnectionCommands, addNetworkCommands } from './commands/connection-commands.js';
import { addFailoverCommands } from './commands/failover-commands.js';
import { addJobCommands } from './commands/job-commands.js';
import { addSecretCommands } from './commands/secret-commands.js';
import { addReplicationCommands, addVmCommands } from './commands/vm-commands.js';
import { addTunnelCommands } from './commands/tunnel-commands.js';
import { addTokenCommands, addUserCommands } from './commands/user-commands.js';
import { addVmaCommands } from './commands/vma-commands.js';
import { CliError, EXIT, exitCodeOf, type ExitCode } from './exit-codes.js';
import { actingOn, type Host } from './invocation.js';
import { problemLines } from './output/problem-lines.js';
import { FORMATS } from './output/printer.js';

/** Everybody on the machine can read a command line. */
const SECRET_FLAG = /^--?(?:[a-z-]+-)?(?:password|passwd|secret|token|code|api-?key|private-?key)(?:=|$)/i;
const HELP_CODES = new Set(['commander.helpDisplayed', 'commander.help', 'commander.version']);

const HINTS: Partial<Record<ErrorCode, string>> = {
  'access.unauthenticated': 'Sign in with: ossea login',
  'access.password-needed': 'Give your password again with: ossea reauthenticate',
};

/** Runs one command line, without the program's own name; gives back the exit code. */
export async function runCli(args: readonly string[], host: Host): Promise<ExitCode> {
  const program = createProgram(host);
  try {
    refuseSecretFlags(args);
    await program.parseAsync([...args], { from: 'user' });
    return EXIT.ok;
  } catch (error) {
    return explain(error, host, args);
  }
}

function createProgram(host: Host): Command {
  const program = new Command('ossea')
    .description('Moves virtual machines: the command line of the OSSEA Migration Appliance.')
    .addOption(new Option('-o, --output <format>', 'of the data').choices(FORMATS).default('table'))
    .option('--server <url>', 'the appliance; also OSSEA_SERVER')
    .option('--ca-file <file>', 'PEM of the certificate to trust; also OSSEA_CA_FILE')
    .option('--idempotency-key <key>', 'repeat a request that may have been done, without doing it twice');
  // inherited by every subcommand that is added afterwards
  program.exitOverride().configureOutput({
    writeOut: (text) => void host.stdout.write(text),
    writeErr: (text) => void host.stderr.write(text),
  });
  const acting = actingOn(host);
  addAccessCommands(program, acting);
  addUserCommands(program, acting);
  addTokenCommands(program, acting);
  addVmaCommands(program, acting);
  addTunnelCommands(program, acting);
  addConnectionCommands(program, acting);
  addVmCommands(program, acting);
  addNetworkCommands(program, acting);
  addReplicationCommands(program, acting);
  addFailoverCommands(program, acting);
  addJobCommands(program, acting);
  addSecretCommands(program, acting);
  addAuditCommands(program, acting);
  return program;
}

function refuseSecretFlags(args: readonly string[]): void {
  const end = args.indexOf('--');
  const flag = (end < 0 ? args : args.slice(0, end)).find((arg) => SECRET_FLAG.test(arg));
  if (flag !== undefined)
    throw new CliError(
      EXIT.usage,
      `${flag.replace(/=.*/s, '')}: a command line can be read by everybody on this machine. ` +
        'Secrets go to standard input; a token may stand in OSSEA_TOKEN.',
    );
}

function explain(error: unknown, { stderr, signal }: Host, args: readonly string[]): ExitCode {
  if (error instanceof CommanderError) return HELP_CODES.has(error.code) ? EXIT.ok : EXIT.usage;
  if (error instanceof ProblemError) {
    const lines = wantsJson(args) ? JSON.stringify(error.problem) : problemLines(error.problem).join('\n');
    stderr.write(`${lines}\n`);
    const hint = HINTS[error.problem.code];
    if (hint !== undefined) stderr.write(`${hint}\n`);
    return exitCodeOf(error.problem);
  }
  if (error instanceof CliError) {
    stderr.write(`${error.message}\n`);
    return error.exitCode;
  }
  if (signal.aborted) return EXIT.interrupted;
  stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  return EXIT.error;
}

function wantsJson(args: readonly string[]): boolean {
  return args.some(
    (arg, index) =>
      /^(-o|--output)=?jsonl?$/.test(arg) ||
      (/^(-o|--output)$/.test(arg) && /^jsonl?$/.test(args[index + 1] ?? '')),
  );
}
