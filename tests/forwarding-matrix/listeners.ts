import { execFile } from 'node:child_process';
import { readdirSync, readlinkSync } from 'node:fs';
import { promisify } from 'node:util';

const exec = promisify(execFile);
const TCP = /^tcp\s+LISTEN\s+\d+\s+\d+\s+(\S+)\s.*\bino:(\d+)/;
const UNIX = /^u_\w+\s+LISTEN\s+\d+\s+\d+\s+(\S+)\s+(\d+)\s/;

/**
 * Everything that these processes listen on: `127.0.0.1:9081`, `[::1]:9081`, `unix /run/x`. Asked of the kernel by `ss`,
 * which it answers at once; its table in /proc takes long when many connections have just ended.
 */
export async function listenersOf(pids: readonly number[]): Promise<Set<string>> {
  const { stdout } = await exec('ss', ['-H', '-l', '-t', '-x', '-n', '-e']);
  const sockets = new Set(pids.flatMap(socketsOf));
  const found = new Set<string>();
  for (const line of stdout.split('\n')) {
    const [, address, inode] = TCP.exec(line) ?? [];
    if (address !== undefined && sockets.has(inode ?? '')) found.add(address);
    const [, path, unixInode] = UNIX.exec(line) ?? [];
    if (path !== undefined && sockets.has(unixInode ?? '')) found.add(`unix ${path}`);
  }
  return found;
}

/** Inodes of all sockets of a process. */
function socketsOf(pid: number): string[] {
  const read = <T>(ask: () => T, otherwise: T): T => {
    try {
      return ask();
    } catch {
      // a process or a descriptor that has just gone
      return otherwise;
    }
  };
  return read(() => readdirSync(`/proc/${pid}/fd`), []).flatMap((fd) => {
    const target = read(() => readlinkSync(`/proc/${pid}/fd/${fd}`), '');
    return /^socket:\[(\d+)\]$/.exec(target)?.slice(1) ?? [];
  });
}
