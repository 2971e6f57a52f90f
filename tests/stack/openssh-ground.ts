import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createProcessRunner, type ProcessRunner } from '@ossea/process';
import type { OpenSshSettings, TunnelKind } from '@ossea/tunnel';

/** What a tunnel over OpenSSH needs of a machine, in a mount namespace of its own: the machine keeps its accounts. */
export interface OpenSshGround extends AsyncDisposable {
  readonly settings: OpenSshSettings & { readonly directory: string; readonly runner: ProcessRunner };
  /** How to start a program that sees the accounts. */
  enter(
    command: string,
    args: readonly string[],
  ): { readonly command: string; readonly args: readonly string[] };
}

/** OpenSSH logs other users in, so it takes root; where we are not, these tests are of ssh2 alone. */
export const TRANSPORTS: readonly TunnelKind[] = canRunSshd() ? ['ssh2', 'openssh'] : ['ssh2'];

function canRunSshd(): boolean {
  try {
    accessSync('/usr/sbin/sshd', constants.X_OK);
    return process.getuid?.() === 0;
  } catch {
    return false;
  }
}

const PASSWD = 'vma:x:64001:65534::/:/usr/sbin/nologin\nenroll:x:64002:65534::/:/bin/sh\n';
const SHADOW = 'vma:*:19000::::::\nenroll:*:19000::::::\n';

/** @param accounts other contents of the two tables, for a machine that is not as it should be. */
export async function openSshGround(
  accounts: { readonly passwd?: string; readonly shadow?: string } = {},
): Promise<OpenSshGround> {
  // below /tmp sshd would refuse its keys command: everybody may write there
  const directory = await mkdtemp('/run/ot-');
  await chmod(directory, 0o755);
  for (const [name, more, mode] of [
    ['passwd', accounts.passwd ?? PASSWD, 0o644],
    ['shadow', accounts.shadow ?? SHADOW, 0o600],
  ] as const) {
    const own = (await readFile(`/etc/${name}`, 'utf8'))
      .split('\n')
      .filter((line) => line !== '' && !/^(vma|enroll):/.test(line));
    await writeFile(join(directory, name), `${own.join('\n')}\n${more}`, { mode });
  }
  const script = `mount --bind ${directory}/passwd /etc/passwd && mount --bind ${directory}/shadow /etc/shadow && mkdir -p /run/sshd && mount -t tmpfs -o mode=755 tmpfs /run/sshd && echo ready && exec cat`;
  // it lives as long as its input is open: not a moment longer than we do
  const holder = spawn('unshare', ['--mount', '--propagation', 'private', 'sh', '-c', script], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(holder, 'exit');
  await Promise.race([
    once(holder.stdout, 'data'),
    ended.then(() => Promise.reject(new Error('no namespace could be made'))),
  ]);
  const inner = createProcessRunner();
  const enter = (command: string, args: readonly string[]) => ({
    command: 'nsenter',
    args: [`--mount=/proc/${holder.pid}/ns/mnt`, '--', command, ...args],
  });
  const runner: ProcessRunner = {
    start: (spec, call) => inner.start({ ...spec, ...enter(spec.command, spec.args) }, call),
    exec: (spec, call) => inner.exec({ ...spec, ...enter(spec.command, spec.args) }, call),
  };
  return {
    settings: { directory: join(directory, 'tunnel'), runner },
    enter,
    async [Symbol.asyncDispose]() {
      holder.stdin.end();
      await ended;
      await rm(directory, { recursive: true, force: true });
    },
  };
}
