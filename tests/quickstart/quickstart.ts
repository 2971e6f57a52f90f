import { createServer } from 'node:net';
import { rm } from 'node:fs/promises';
import { Stack } from '../stack/launch-stack.js';
import { filesBelow } from '../stack/left-behind.js';
import { journey, type JourneyReport } from './journey.js';

export interface QuickstartOptions {
  readonly once: boolean;
  readonly json: boolean;
  readonly mariadb: boolean;
}

/** Two disks with more than 700 MiB of data; the guest writes 5 MiB of records a second. */
const GUEST = { diskMebibytes: 512, fillMebibytes: 736 };

/** Ports that people remember; a busy one is moved. */
const WANTED_PORTS = { http: 3001, tunnel: 8443 };

const talk = (text: string): void => void process.stderr.write(`${text}\n`);

/** See it work: gives the exit code. */
export async function quickstart(options: QuickstartOptions): Promise<number> {
  const began = Date.now();
  const say = (what: string): void =>
    talk(`[${String(Math.round((Date.now() - began) / 1000)).padStart(4)} s] ${what}`);
  const stopper = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopper.abort());
  const stack = await Stack.launch({
    database: options.mariadb ? 'mariadb' : 'sqlite',
    guest: GUEST,
    ports: options.once ? { http: 0, tunnel: 0 } : await freePorts(say),
    say,
  });
  if (options.once) return once(stack, options, say, stopper.signal);
  try {
    welcome(stack);
    await untilAborted(stopper.signal);
    say('stopping');
  } finally {
    await stack[Symbol.asyncDispose]();
  }
  say('everything has stopped, nothing is left');
  return 0;
}

async function once(
  stack: Stack,
  { json }: QuickstartOptions,
  say: (what: string) => void,
  stop: AbortSignal,
): Promise<number> {
  let report: JourneyReport | undefined;
  const left: string[] = [];
  try {
    const [site] = stack.sites;
    report = await Promise.race([
      journey(stack, site!, say),
      untilAborted(stop).then(() => Promise.reject(new Error('interrupted'))),
    ]);
  } finally {
    say('stopping');
    left.push(...(await stack.stop()));
    left.push(...(await filesBelow(stack.directory, /\.(sock|qmp)$/)));
    await rm(stack.directory, { recursive: true, force: true, maxRetries: 5 });
  }
  const whole = { ...report, leftBehind: [...report.leftBehind, ...left] };
  if (json) process.stdout.write(`${JSON.stringify(whole)}\n`);
  else talk(JSON.stringify(whole, undefined, 2));
  const isGood =
    whole.leftBehind.length === 0 &&
    whole.liveFailover.lostRecords === 0 &&
    whole.testFailover.booted &&
    whole.rollback.sourceRunning;
  say(isGood ? 'not a byte was lost, nothing is left behind' : 'NOT as it should be: see the report');
  return isGood ? 0 : 1;
}

function welcome(stack: Stack): void {
  const { httpUrl } = stack.oma.ready;
  talk(`
The console:   ${httpUrl}
API token:     ${stack.api.token}
API reference: ${httpUrl}/api/docs

Try, in another terminal:

  export OSSEA_SERVER=${httpUrl} OSSEA_TOKEN=${stack.api.token}
  npm run --silent ossea -- vm list
  npm run --silent ossea -- replicate ${stack.sites[0]!.contextId} --wait
  npm run --silent ossea -- failover test ${stack.sites[0]!.contextId} --wait

Ctrl-C stops everything and leaves nothing behind.
`);
}

async function freePorts(say: (what: string) => void): Promise<{ http: number; tunnel: number }> {
  const ports = { ...WANTED_PORTS };
  for (const name of ['http', 'tunnel'] as const)
    if (!(await isFree(ports[name]))) {
      say(`port ${ports[name]} is busy: another one is taken`);
      ports[name] = 0;
    }
  return ports;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    // an interval keeps the process alive while it waits for Ctrl-C
    const alive = setInterval(() => undefined, 60_000);
    signal.addEventListener('abort', () => {
      clearInterval(alive);
      resolve();
    });
  });
}
