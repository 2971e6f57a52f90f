import type { PairingCode, SignedIn } from '@ossea/api-contract';
import { ApiClient } from '../stack/api-client.js';
import { FLOOD_NAMES, type FloodName, type FloodTarget } from '../stack/floods.js';
import { Stack } from '../stack/launch-stack.js';
import { runFloods } from '../stack/run-floods.js';
import { TunnelDisk } from '../stack/tunnel-disk.js';
import { median } from './meter.js';

export interface FloodsOptions {
  readonly rounds: number;
  readonly mebibytes: number;
  readonly json: boolean;
}

const ALLOWED_LOSS = 0.1;
const DISK_BYTES = 64 << 20;
const PASSWORD = 'a password of the bench';

/** What is measured, by what goes on beside it. */
const BESIDE: Readonly<Record<string, readonly FloodName[]>> = {
  ...Object.fromEntries(FLOOD_NAMES.map((name) => [name, [name]])),
  all: FLOOD_NAMES,
};

interface Samples {
  readonly seconds: number[];
  readonly signInMs: number[];
  /** Each against the copy right before it. */
  readonly losses: number[];
  /** What the floods tried in a second while the copy ran. */
  readonly actsPerSecond: number[];
}

/**
 * Writes through the tunnel of real appliances, in turn beside each flood and while it is held, and compares each copy
 * with the one right before: a box that others use, too, is not the same a minute later.
 * @returns the exit code: 1 when a flood costs a tenth of the speed or more.
 */
export async function floods({ rounds, mebibytes, json }: FloodsOptions): Promise<number> {
  await using stack = await Stack.launch({ guest: 'none', password: PASSWORD });
  const { hostKeyFingerprint } = await stack.api.post<PairingCode>('/api/v1/admin/vma/pairing-code');
  const { httpUrl, tunnelPort } = stack.oma.ready;
  const target: FloodTarget = { httpUrl, tunnelPort, hostKeyFingerprint, token: stack.api.token };
  await using disk = await TunnelDisk.serve(stack, DISK_BYTES);
  const bytes = mebibytes * 2 ** 20;
  const newSamples = (): Samples => ({ seconds: [], signInMs: [], losses: [], actsPerSecond: [] });
  const alone = newSamples();
  const beside = new Map(Object.keys(BESIDE).map((name) => [name, newSamples()]));
  // the first one warms up
  await disk.write(bytes);
  for (const [name, samples] of beside) {
    await using running = await runFloods(BESIDE[name] ?? [], target);
    for (let round = 0; round < rounds; round += 1) {
      running.pause();
      const quiet = await disk.write(bytes);
      alone.seconds.push(quiet);
      alone.signInMs.push(await signIn(httpUrl));
      await running.goOn();
      const before = sum(running.acts());
      const seconds = await disk.write(bytes);
      samples.seconds.push(seconds);
      samples.losses.push(1 - quiet / seconds);
      samples.actsPerSecond.push((sum(running.acts()) - before) / seconds);
      samples.signInMs.push(await signIn(httpUrl));
    }
  }
  const summary = ({ seconds, signInMs }: Samples) => ({
    medianMebibytesPerSecond: mebibytes / median(seconds),
    signInMs: { median: median(signInMs), max: Math.max(...signInMs) },
    seconds,
  });
  const flooded = [...beside].map(([flood, samples]) => ({
    flood,
    loss: median(samples.losses),
    losses: samples.losses,
    medianActsPerSecond: median(samples.actsPerSecond),
    ...summary(samples),
  }));
  const result = { rounds, mebibytes, alone: summary(alone), flooded };
  process.stdout.write(json ? `${JSON.stringify(result)}\n` : inWords(result));
  return flooded.every(({ loss }) => loss < ALLOWED_LOSS) ? 0 : 1;
}

interface Figures {
  readonly medianMebibytesPerSecond: number;
  readonly signInMs: { readonly median: number };
}

function inWords(result: {
  readonly alone: Figures;
  readonly flooded: readonly (Figures & { readonly flood: string; readonly loss: number })[];
}): string {
  const figures = ({ medianMebibytesPerSecond, signInMs }: Figures): string =>
    `${medianMebibytesPerSecond.toFixed(0)} MiB/s, sign-in ${signInMs.median.toFixed(0)} ms`;
  return [
    `alone: ${figures(result.alone)}\n`,
    ...result.flooded.map(
      (one) => `beside ${one.flood}: ${figures(one)}, ${(100 * one.loss).toFixed(1)} % lost\n`,
    ),
  ].join('');
}

const sum = (acts: Readonly<Record<string, number>>): number =>
  Object.values(acts).reduce((total, count) => total + count, 0);

/** Milliseconds until an administrator is in and sees the jobs. */
async function signIn(httpUrl: string): Promise<number> {
  const began = performance.now();
  const api = new ApiClient(httpUrl);
  const credentials = { name: 'admin', password: PASSWORD };
  api.token = (await api.post<SignedIn>('/api/v1/access/sign-in', credentials)).token ?? '';
  await api.get('/api/v1/jobs');
  return performance.now() - began;
}
