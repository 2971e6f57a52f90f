import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createProcessRunner, isProcessAlive, processStartTime, stopByPid, waitUntilGone } from './index.js';

const run = createProcessRunner();
const signal = new AbortController().signal;
const node = process.execPath;

let directory = '';
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'process-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

/** A child that tells its pid, so that a test can ask whether it is gone. */
async function pidFrom(file: string): Promise<number> {
  const deadline = performance.now() + 10_000;
  while (performance.now() < deadline) {
    const text = existsSync(file) ? await readFile(file, 'utf8') : '';
    if (text.endsWith('\n')) return Number(text);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('no pid was written');
}

describe('exec', () => {
  it('gives standard output, and hands standard input through', async () => {
    const { stdout } = await run.exec({ command: 'cat', args: ['-'], stdin: 'ä secret' }, { signal });
    expect(stdout).toBe('ä secret');
  });

  it('hands arguments over as they are: there is no shell', async () => {
    const { stdout } = await run.exec({ command: 'printf', args: ['%s', '$(id); `id` "x"'] }, { signal });
    expect(stdout).toBe('$(id); `id` "x"');
  });

  it('keeps the host’s environment from the child', async () => {
    process.env['OSSEA_TEST_SECRET'] = 'x';
    const { stdout } = await run.exec({ command: 'env', args: [] }, { signal });
    delete process.env['OSSEA_TEST_SECRET'];
    expect(stdout.split('\n').map((line) => line.split('=')[0])).toEqual(['PATH', 'LANG', 'LC_ALL', '']);
  });

  it('names a program that is missing', async () => {
    await expect(run.exec({ command: 'no-such-program', args: [] }, { signal })).rejects.toMatchObject({
      code: 'process.missing',
      context: { program: 'no-such-program' },
    });
  });

  it('shows the end of stderr, redacted, and the exit code', async () => {
    const script = 'console.error("password=hunter2"); console.error("the reason"); process.exit(3)';
    const error = await run
      .exec({ command: node, args: ['-e', script] }, { signal })
      .catch((e: unknown) => e);
    expect(error).toMatchObject({ code: 'process.failed', context: { exitCode: 3 } });
    expect(String(error)).toContain('the reason');
    expect(String(error) + String((error as Error).cause)).not.toContain('hunter2');
    await run.exec({ command: node, args: ['-e', script], okCodes: [3] }, { signal });
  });

  it('kills a command that takes too long, with its children', async () => {
    const file = join(directory, 'pid');
    const script = `require('child_process').spawn('sleep', ['600']).pid`;
    const args = ['-e', `require('fs').writeFileSync(${JSON.stringify(file)}, ${script} + '\\n')`];
    const error = await run
      .exec({ command: node, args, timeoutMs: 1_000 }, { signal })
      .catch((e: unknown) => e);
    expect(error).toMatchObject({ code: 'process.failed', context: { signal: 'SIGKILL' } });
    expect(await waitUntilGone(await pidFrom(file), { timeoutMs: 5_000 })).toBe(true);
  });

  it('kills an aborted command', async () => {
    const controller = new AbortController();
    const file = join(directory, 'pid');
    const args = [
      '-e',
      `require('fs').writeFileSync(${JSON.stringify(file)}, process.pid + '\\n'); setInterval(() => {}, 1e6)`,
    ];
    const call = run.exec({ command: node, args }, { signal: controller.signal });
    const settled = call.catch((error: unknown) => error);
    const pid = await pidFrom(file);
    controller.abort();
    expect(await settled).toMatchObject({ code: 'call.aborted' });
    expect(await isProcessAlive(pid)).toBe(false);
  });
});

describe('start', () => {
  it('comes back when the socket accepts, and ends the child when it is disposed', async () => {
    const socket = join(directory, 's');
    const script = `setTimeout(() => require('net').createServer().listen(${JSON.stringify(socket)}), 200)`;
    const running = await run.start(
      { command: node, args: ['-e', script], readyWhen: { socket } },
      { signal },
    );
    expect(await isProcessAlive(running.pid)).toBe(true);
    await running[Symbol.asyncDispose]();
    await running[Symbol.asyncDispose]();
    expect(await isProcessAlive(running.pid)).toBe(false);
    expect(await running.exited).toEqual({ code: null, signal: 'SIGTERM' });
  });

  it('kills a child that does not heed SIGTERM', async () => {
    const file = join(directory, 'ready');
    const script = `process.on('SIGTERM', () => {}); require('fs').writeFileSync(${JSON.stringify(file)}, ''); setInterval(() => {}, 1e6)`;
    const running = await run.start({ command: node, args: ['-e', script], readyWhen: { file } }, { signal });
    await running[Symbol.asyncDispose]();
    expect(await running.exited).toEqual({ code: null, signal: 'SIGKILL' });
  }, 20_000);

  it('fails at once when the child ends before it is ready', async () => {
    const started = performance.now();
    const spec = {
      command: node,
      args: ['-e', 'console.error("no way"); process.exit(7)'],
      readyWhen: { file: join(directory, 'never') },
      readyTimeoutMs: 60_000,
    };
    await expect(run.start(spec, { signal })).rejects.toMatchObject({
      code: 'process.failed',
      context: { exitCode: 7 },
      message: expect.stringContaining('no way') as string,
    });
    expect(performance.now() - started).toBeLessThan(20_000);
  });

  it('gives up on a child that is never ready, and leaves none behind', async () => {
    const file = join(directory, 'pid');
    const script = `require('fs').writeFileSync(${JSON.stringify(file)}, process.pid + '\\n'); console.error('waiting'); setInterval(() => {}, 1e6)`;
    const spec = {
      command: node,
      args: ['-e', script],
      readyWhen: { socket: join(directory, 'never') },
      readyTimeoutMs: 1_500,
    };
    await expect(run.start(spec, { signal })).rejects.toMatchObject({ code: 'process.not-ready' });
    expect(await isProcessAlive(await pidFrom(file))).toBe(false);
  });

  it('kills the child when the start is aborted', async () => {
    const controller = new AbortController();
    const file = join(directory, 'pid');
    const script = `require('fs').writeFileSync(${JSON.stringify(file)}, process.pid + '\\n'); setInterval(() => {}, 1e6)`;
    const spec = { command: node, args: ['-e', script], readyWhen: { socket: join(directory, 'never') } };
    const settled = run.start(spec, { signal: controller.signal }).catch((error: unknown) => error);
    const pid = await pidFrom(file);
    controller.abort();
    expect(await settled).toMatchObject({ code: 'call.aborted' });
    expect(await isProcessAlive(pid)).toBe(false);
  });

  it('shows why a detached child failed, although no pipe ties it to the host', async () => {
    const spec = {
      command: node,
      args: ['-e', 'console.error("token=abc no way"); process.exit(7)'],
      readyWhen: { file: join(directory, 'never') },
      detached: true,
    };
    const error = await run.start(spec, { signal }).catch((e: unknown) => e);
    expect(String(error)).toContain('no way');
    expect(String(error)).not.toContain('abc');
  });
});

describe('processes that are no children', () => {
  it('guards against a reused pid', async () => {
    const running = await run.start({ command: 'sleep', args: ['600'], readyWhen: 'spawned' }, { signal });
    const startTime = (await processStartTime(running.pid))!;
    const other = startTime.replace(/\d+$/, (ticks) => String(Number(ticks) - 1));
    expect(await isProcessAlive(running.pid, startTime)).toBe(true);
    expect(await isProcessAlive(running.pid, other)).toBe(false);
    await stopByPid(running.pid, { startTime: other });
    expect(await isProcessAlive(running.pid)).toBe(true);
    await stopByPid(running.pid, { startTime });
    expect(await isProcessAlive(running.pid)).toBe(false);
    await stopByPid(running.pid, { startTime });
    await running[Symbol.asyncDispose]();
  });

  it('reads the state of a process whose name tries to confuse', async () => {
    const program = join(directory, ') Z 1 (');
    await writeFile(program, '#!/bin/sh\nsleep 600\n', { mode: 0o755 });
    const running = await run.start(
      { command: program, args: [], readyWhen: 'spawned', detached: true },
      { signal },
    );
    expect(await processStartTime(running.pid)).toMatch(/^[0-9a-f-]{36}:\d+$/);
    await running[Symbol.asyncDispose]();
    expect(await isProcessAlive(running.pid)).toBe(false);
  });
});
