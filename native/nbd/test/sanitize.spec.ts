import { spawn, spawnSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { JOURNAL_HEADER_BYTES } from '@ossea/copy-engine';
import { MIB, clustersOf, fillGarbage, makeDisk, readJournalFile, sorted } from './disks.js';
import { NbdServers, until, type NbdServer } from './nbd-servers.js';

const SIZE = 32 * MIB + 512;
const room = fileURLToPath(new URL('..', import.meta.url));

function mustRun(file: string, args: readonly string[]): void {
  const { status, stdout, stderr } = spawnSync(file, args, { cwd: room, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${file} ${args.join(' ')}\n${stdout}${stderr}`);
}

describe.each([['address,undefined'], ['thread']])('the engine under sanitizers: %s', (sanitizers) => {
  const build = `build/sanitize-${sanitizers.replace(',', '-')}`;
  let servers: NbdServers;
  let content: Buffer;

  beforeAll(() => {
    const options = [`-DSANITIZE=${sanitizers}`, '-DCMAKE_BUILD_TYPE=RelWithDebInfo'];
    mustRun('cmake', ['-S', '.', '-B', build, '-G', 'Ninja', ...options]);
    mustRun('cmake', ['--build', build]);
  }, 600_000);
  beforeEach(() => {
    servers = new NbdServers(spawn);
    content = makeDisk(servers.path('src'), SIZE, 50);
    fillGarbage(servers.path('dst'), SIZE);
  });
  afterEach(() => servers.stop());

  /** What it prints; a finding of a sanitizer ends it with another exit code and is thrown. */
  async function selftest(...args: string[]): Promise<string> {
    const child = spawn(`${room}/${build}/engine_selftest`, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    const code = await new Promise((resolve) => child.once('close', resolve));
    if (code !== 0 || stderr !== '') throw new Error(`exit ${String(code)}: ${stderr}`);
    return stdout.trim();
  }

  /** @param last tries of a request, and milliseconds until it is cancelled (0: never). */
  const copy = (
    source: { path: string },
    target: { path: string },
    ...last: [number, number]
  ): Promise<string> =>
    selftest(
      'copy',
      source.path,
      target.path,
      '',
      String(SIZE),
      servers.path('journal'),
      ...last.map(String),
    );

  it('passes the tests of its parts', async () => {
    expect(await selftest('units', servers.dir)).toBe('ok');
  });

  it('copies, resumes and digests', async () => {
    const source = await servers.file(servers.path('src'), ['-r']);
    const target = await servers.file(servers.path('dst'));
    expect(await copy(source, target, 3, 0)).toBe(`ok total ${SIZE} done ${SIZE} resumed 0 digests 0`);
    expect(readFileSync(servers.path('dst')).equals(content)).toBe(true);
    expect(sorted(readJournalFile(servers.path('journal')).finished)).toEqual(
      sorted(await clustersOf(content)),
    );
    expect(await copy(source, target, 3, 0)).toBe(`ok total ${SIZE} done ${SIZE} resumed ${SIZE} digests 0`);
    expect(await selftest('digest', target.path, String(SIZE))).toMatch(/^ok .* digests 513$/);
  });

  it('repeats, fails, is cut off and is cancelled', async () => {
    const source = await servers.file(servers.path('src'), ['-r']);
    const journal = servers.path('journal');
    const failing = (megabits: number, ...parameters: string[]): Promise<NbdServer> =>
      servers.nbdkit([
        ...['--filter=error', '--filter=rate', 'file', servers.path('dst')],
        ...[`rate=${megabits}M`, 'burstiness=0.05', ...parameters],
      ]);
    const flaky = await failing(400, 'error-pwrite-rate=5%', 'error-zero-rate=5%');
    expect(await copy(source, flaky, 1, 100)).toMatch(/^failed (call\.aborted|nbd\.request-failed)/);
    expect(await copy(source, flaky, 20, 0)).toMatch(/^ok /);
    expect(readFileSync(servers.path('dst')).equals(content)).toBe(true);
    fillGarbage(journal, 10);
    expect(await copy(source, await failing(400, 'error-pwrite-rate=100%', 'error=ENOSPC'), 3, 0)).toBe(
      'failed storage.full target',
    );
    const doomed = await failing(50);
    fillGarbage(journal, 10);
    const copying = copy(source, doomed, 2, 0);
    await until(() => statSync(journal).size > JOURNAL_HEADER_BYTES, 'the first checkpoint');
    await doomed.kill('SIGKILL');
    expect(await copying).toBe('failed nbd.connection-lost target');
    expect(await copy(source, doomed, 2, 0)).toBe('failed nbd.connection-lost target');
  });
});
