import { readFile, readdir, readlink } from 'node:fs/promises';

/** One line of /proc/net/tcp (proc(5)). */
interface TcpSocket {
  readonly uid: number;
  readonly inode: string;
}

const ESTABLISHED = '01';
const LISTENING = '0A';

/** The OS user on the other side of a connection over the loopback, as the kernel knows it. */
export async function peerUser(ourPort: number, theirPort: number): Promise<number | undefined> {
  return (await find(hexAddress(theirPort), hexAddress(ourPort), ESTABLISHED))?.uid;
}

/** Who listens on 127.0.0.1 at a port. */
export function listenerAt(port: number): Promise<TcpSocket | undefined> {
  return find(hexAddress(port), '00000000:0000', LISTENING);
}

/** Whether a process holds a socket. */
export async function holdsSocket(pid: number, inode: string): Promise<boolean> {
  const names = await readdir(`/proc/${pid}/fd`).catch(() => []);
  for (const name of names)
    if ((await readlink(`/proc/${pid}/fd/${name}`).catch(() => '')) === `socket:[${inode}]`) return true;
  return false;
}

/** The child of a process that runs as this user. */
export async function childOfUser(pid: number, uid: number): Promise<number | undefined> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  for (const child of children.trim().split(' ').filter(Boolean)) {
    const status = await readFile(`/proc/${child}/status`, 'utf8').catch(() => '');
    if (new RegExp(`^Uid:\t${uid}\t${uid}\t`, 'm').test(status)) return Number(child);
  }
  return undefined;
}

async function find(local: string, remote: string, state: string): Promise<TcpSocket | undefined> {
  const table = await readFile('/proc/net/tcp', 'utf8');
  for (const line of table.split('\n').slice(1)) {
    const [, localAddress, remoteAddress, st, , , , uid, , inode] = line.trim().split(/\s+/);
    if (localAddress === local && remoteAddress === remote && st === state && uid && inode)
      return { uid: Number(uid), inode };
  }
  return undefined;
}

/** 127.0.0.1 as the kernel prints it on a little-endian machine. */
function hexAddress(port: number): string {
  return `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`;
}
