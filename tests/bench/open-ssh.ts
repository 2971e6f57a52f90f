import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { until } from '../stack/probe.js';

export interface OpenSsh {
  readonly port: number;
  readonly sshd: ChildProcess;
  readonly ssh: ChildProcess;
  /** The local end of the forward. */
  readonly socketPath: string;
  stop(): Promise<void>;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/**
 * The peers' tunnel: Debian's sshd and ssh on loopback with the same cipher, and the forward in its fastest form,
 * Unix sockets at both ends.
 */
export async function startOpenSsh(directory: string, targetSocket: string): Promise<OpenSsh> {
  const port = await freePort();
  for (const name of ['host', 'user'])
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(directory, name)]);
  copyFileSync(join(directory, 'user.pub'), join(directory, 'authorized'));
  chmodSync(join(directory, 'authorized'), 0o600);
  const config = join(directory, 'sshd_config');
  writeFileSync(
    config,
    [
      `Port ${port}`,
      'ListenAddress 127.0.0.1',
      `HostKey ${join(directory, 'host')}`,
      `AuthorizedKeysFile ${join(directory, 'authorized')}`,
      `PidFile ${join(directory, 'sshd.pid')}`,
      'PasswordAuthentication no',
      'UsePAM no',
      'StrictModes no',
      'PermitRootLogin prohibit-password',
      'AllowStreamLocalForwarding yes',
      'Ciphers aes128-gcm@openssh.com',
    ].join('\n'),
  );
  // privilege separation needs its directory, which only the packaged service makes
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true });
  const sshd = spawn('/usr/sbin/sshd', ['-D', '-e', '-f', config], { stdio: 'ignore' });
  const hostKey = readFileSync(join(directory, 'host.pub'), 'utf8').split(' ').slice(0, 2).join(' ');
  writeFileSync(join(directory, 'known'), `[127.0.0.1]:${port} ${hostKey}\n`);
  const socketPath = join(directory, 'peer.sock');
  const dial = () =>
    spawn(
      'ssh',
      [
        ...['-N', '-F', 'none', '-p', String(port), '-i', join(directory, 'user')],
        ...['-o', `UserKnownHostsFile=${join(directory, 'known')}`, '-o', 'StrictHostKeyChecking=yes'],
        ...['-o', 'Ciphers=aes128-gcm@openssh.com', '-o', 'Compression=no', '-o', 'ExitOnForwardFailure=yes'],
        ...['-o', 'StreamLocalBindUnlink=yes', '-L', `${socketPath}:${targetSocket}`],
        `${userInfo().username}@127.0.0.1`,
      ],
      { stdio: ['ignore', 'ignore', 'ignore'] },
    );
  let ssh = dial();
  await until('the OpenSSH forward stands', () => {
    if (ssh.exitCode !== null) ssh = dial();
    execFileSync('nbdinfo', ['--size', `nbd+unix:///bench?socket=${socketPath}`], { stdio: 'ignore' });
    return true;
  });
  return {
    port,
    sshd,
    ssh,
    socketPath,
    async stop() {
      for (const child of [ssh, sshd]) {
        const ended = new Promise((resolve) => child.once('exit', resolve));
        child.kill('SIGTERM');
        await ended;
      }
    },
  };
}
