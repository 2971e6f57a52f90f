import { randomInt } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '../stack/free-port.js';
import { Stack } from '../stack/launch-stack.js';
import { filesBelow } from '../stack/left-behind.js';
import type { GuestSize } from '../stack/source-host.js';
import { cycleOf } from '../stack/witness.js';
import { faultsOf, type JourneyOutcome, type JourneyReport } from './journey-report.js';
import { Journey, type Say } from './journey.js';

export interface QuickstartOptions {
  /** The whole journey unattended instead of leaving everything running. */
  readonly once: boolean;
  /** The report of the journey as one line on standard output. */
  readonly json: boolean;
  readonly mariadb: boolean;
  readonly target: 'qemu' | 'cloudstack';
  /** A guest with less data, for a quick look. */
  readonly small: boolean;
}

/** Two disks with more than 700 MiB of data together; the guest writes 5 MiB of records a second. */
const GUEST: GuestSize = { diskMebibytes: 512, fillMebibytes: 736 };
const SMALL_GUEST: GuestSize = { diskMebibytes: 256, fillMebibytes: 192 };

/** Ports that people remember; a busy one is moved. The appliance's own 443 needs root. */
const CONSOLE_PORT = 3001;
const TUNNEL_PORT = process.getuid?.() === 0 ? 443 : 8443;

const talk = (text: string): void => void process.stderr.write(`${text}\n`);

/** See it work: gives the exit code. */
export async function quickstart(options: QuickstartOptions): Promise<number> {
  const began = Date.now();
  const say = (what: string): void =>
    talk(`[${String(Math.round((Date.now() - began) / 1000)).padStart(4)} s] ${what}`);
  const stopper = new AbortController();
  const stop = (): void => {
    if (!stopper.signal.aborted) say('stopping everything; this takes a few seconds');
    stopper.abort(new Interrupted());
  };
  // for good: a second Ctrl-C must not end us before all processes have ended
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop);
  try {
    return await (options.once ? once(options, say, stopper.signal) : stay(options, say, stopper.signal));
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    say('stopped: nothing is left');
    return options.once ? 130 : 0;
  }
}

class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

/** Starts everything, replicates, and leaves it all running until Ctrl-C. */
async function stay(options: QuickstartOptions, say: Say, signal: AbortSignal): Promise<number> {
  const password = newPassword();
  const ports = {
    http: await portOr(CONSOLE_PORT, 'console', say),
    tunnel: await portOr(TUNNEL_PORT, 'tunnel', say),
  };
  await using stack = await launch(options, say, signal, { ports, password });
  for (const what of ['replicating in full', 'replicating what changed']) {
    say(what);
    const { kind, bytesMoved } = cycleOf(await stack.cycle(stack.sites[0]!.contextId));
    say(`  ${kind}: ${Math.round(bytesMoved / (1 << 20))} MiB moved`);
  }
  await welcome(stack, password);
  await interrupted(signal);
  return 0;
}

async function once(options: QuickstartOptions, say: Say, signal: AbortSignal): Promise<number> {
  const began = Date.now();
  const stack = await launch(options, say, signal, {});
  let report: JourneyOutcome;
  const left: string[] = [];
  try {
    report = await new Journey(stack, stack.sites[0]!, say).run();
  } finally {
    say('stopping');
    left.push(...(await stack.stop()), ...(await filesBelow(stack.directory, /\.(sock|qmp)$/)));
    await rm(stack.directory, { recursive: true, force: true, maxRetries: 5 });
  }
  const whole: JourneyReport = {
    database: options.mariadb ? 'mariadb' : 'sqlite',
    to: options.target,
    seconds: Math.round((Date.now() - began) / 1000),
    ...report,
    leftBehind: [...report.leftBehind, ...left],
  };
  const faults = faultsOf(whole);
  say(
    faults.length === 0
      ? 'not a byte was lost, nothing is left behind'
      : `NOT as it must be: ${faults.join('; ')}`,
  );
  if (options.json) process.stdout.write(`${JSON.stringify(whole)}\n`);
  else talk(JSON.stringify(whole, undefined, 2));
  return faults.length === 0 ? 0 : 1;
}

function launch(
  { mariadb, small, target }: QuickstartOptions,
  say: Say,
  signal: AbortSignal,
  more: { readonly ports?: { readonly http: number; readonly tunnel: number }; readonly password?: string },
): Promise<Stack> {
  return Stack.launch({
    database: mariadb ? 'mariadb' : 'sqlite',
    target,
    guest: small ? SMALL_GUEST : GUEST,
    freshImages: true,
    say,
    signal,
    ...more,
  });
}

async function welcome(stack: Stack, password: string): Promise<void> {
  const { httpUrl, tunnelPort } = stack.oma.ready;
  const tokenFile = join(stack.directory, 'token');
  await writeFile(tokenFile, stack.api.token, { mode: 0o600 });
  const vm = (await stack.context(stack.sites[0]!.contextId)).name;
  talk(`
The console:    ${httpUrl}
Sign in as:     admin, with the password ${password}
API reference:  ${httpUrl}/api/docs
VMAs dial in at port ${tunnelPort}; logs and state are in ${stack.directory}
${stack.target.note ?? ''}

Try, in another terminal in this directory:

  export OSSEA_SERVER=${httpUrl} OSSEA_TOKEN="$(cat ${tokenFile})"
  npm run --silent ossea -- vm list
  npm run --silent ossea -- replicate ${vm} --wait
  npm run --silent ossea -- recovery-point list ${vm}
  npm run --silent ossea -- failover test ${vm} --wait
  npm run --silent ossea -- failover cleanup ${vm} --wait
  npm run --silent ossea -- failover live ${vm} --yes --wait
  npm run --silent ossea -- failover rollback ${vm} --yes --wait

Ctrl-C stops everything and leaves nothing behind.
`);
}

async function portOr(wanted: number, what: string, say: Say): Promise<number> {
  const port = await freePort(wanted);
  if (port !== wanted) say(`port ${wanted} is taken: the ${what} gets ${port}`);
  return port;
}

/** Four groups that are easy to type. */
function newPassword(): string {
  const letters = 'abcdefghjkmnpqrstvwxyz23456789';
  const group = () => Array.from({ length: 4 }, () => letters[randomInt(letters.length)]).join('');
  return Array.from({ length: 4 }, group).join('-');
}

/** Never comes back but by its signal. */
function interrupted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    // keeps the process alive while it waits for Ctrl-C
    const alive = setInterval(() => undefined, 60_000);
    const end = () => {
      clearInterval(alive);
      reject(signal.reason as Error);
    };
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
  });
}
