import { readFileSync, readdirSync, readlinkSync } from 'node:fs';

const LISTENING = '0A';
const UNIX_ACCEPTS = 0x10000;

/** Everything that these processes listen on: `127.0.0.1:9081`, `[::1]:9081`, `unix /run/x`. Linux only. */
export function listenersOf(pids: readonly number[]): Set<string> {
  const sockets = new Set(pids.flatMap(socketsOf));
  const found = new Set<string>();
  for (const [table, format] of [
    ['tcp', ipv4],
    ['tcp6', ipv6],
  ] as const)
    for (const fields of rows(table)) {
      const [, local = '', , state, , , , , , inode = ''] = fields;
      const [host = '', port = ''] = local.split(':');
      if (state === LISTENING && sockets.has(inode)) found.add(`${format(host)}:${parseInt(port, 16)}`);
    }
  for (const [, , , flags = '0', , , inode = '', path = ''] of rows('unix'))
    if (parseInt(flags, 16) & UNIX_ACCEPTS && sockets.has(inode)) found.add(`unix ${path}`);
  return found;
}

function rows(table: string): string[][] {
  let text: string;
  try {
    text = readFileSync(`/proc/net/${table}`, 'utf8');
  } catch {
    // no IPv6 on this machine
    return [];
  }
  return text
    .split('\n')
    .slice(1)
    .filter(Boolean)
    .map((line) => line.trim().split(/\s+/));
}

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

/** Each 32-bit word stands there in the machine's byte order. */
const bytesOf = (hex: string): number[] =>
  hex.match(/.{8}/g)!.flatMap((word) => [...Buffer.from(word, 'hex').reverse()]);

const ipv4 = (hex: string): string => bytesOf(hex).join('.');

function ipv6(hex: string): string {
  const bytes = Buffer.from(bytesOf(hex));
  const groups = Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(2 * i).toString(16)).join(':');
  return `[${groups.replace(/^(0:)+0$/, '::').replace(/^(0:)+/, '::')}]`;
}
