import { MigrationError } from '@ossea/errors';
import type { PluginContext, RunningProcess } from '@ossea/plugin-sdk';
import { expect, it } from 'vitest';
import { askSize } from './nbd-size.js';

const call = { signal: new AbortController().signal };

/** An nbdinfo that waits for an answer which never comes. */
const waiting = {
  run: {
    exec: (_spec: unknown, { signal }: { signal: AbortSignal }) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(new MigrationError('call.aborted', 'x')));
      }),
  },
} as unknown as PluginContext;

const server = (said: string, exited: Promise<unknown> = new Promise(() => undefined)) =>
  ({ stderrTail: () => said, exited }) as unknown as RunningProcess;
const question = { socket: '/s', timeoutMs: 60_000, refusal: /error: VixDiskLib_Open/ };

it('ends with the first refusal, before nbdkit logs in again', async () => {
  const refusing = server(
    'nbdkit: vddk[1]: error: VixDiskLib_Open: no\nnbdkit: debug: retry 1: waiting 4 seconds',
  );
  expect(await askSize(waiting, { ...question, server: refusing }, call)).toBeUndefined();
});

it('ends with the server', async () => {
  expect(
    await askSize(waiting, { ...question, server: server('', Promise.resolve()) }, call),
  ).toBeUndefined();
});

it('ends with the call', async () => {
  const controller = new AbortController();
  const asked = askSize(waiting, { ...question, server: server('') }, { signal: controller.signal });
  controller.abort();
  await expect(asked).rejects.toMatchObject({ code: 'call.aborted' });
});

it('asks for the export by a socket with any path', async () => {
  const asked: string[][] = [];
  const exec = async ({ args }: { args: string[] }) => {
    asked.push(args);
    return { stdout: '4096\n', stderr: '' };
  };
  const context = { run: { exec } } as unknown as PluginContext;
  expect(await askSize(context, { ...question, socket: '/a b&c/s', server: server('') }, call)).toBe(4096);
  expect(asked).toEqual([['--size', 'nbd+unix:///?socket=%2Fa%20b%26c%2Fs']]);
});
