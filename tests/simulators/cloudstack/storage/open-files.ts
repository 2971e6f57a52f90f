import { readFileSync, readdirSync, readlinkSync } from 'node:fs';

export interface OpenFile {
  readonly pid: number;
  readonly path: string;
  readonly writable: boolean;
}

/** The bits of open(2)'s flags that say what a file is open for; all clear means for reading alone. */
const ACCESS = 3;

/** The files of a directory that processes of this host have open, our own process among them. */
export function openFilesIn(directory: string): OpenFile[] {
  const found: OpenFile[] = [];
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    for (const [fd, path] of openPaths(`/proc/${name}/fd`))
      if (path.startsWith(`${directory}/`))
        found.push({ pid: Number(name), path, writable: isWritable(`/proc/${name}/fdinfo/${fd}`) });
  }
  return found;
}

export const holdersOf = (path: string): number[] =>
  openFilesIn(path.slice(0, path.lastIndexOf('/')))
    .filter((open) => open.path === path)
    .map(({ pid }) => pid);

function openPaths(directory: string): [fd: string, path: string][] {
  try {
    return readdirSync(directory).flatMap((fd): [string, string][] => {
      try {
        // one that was replaced or removed is still the one it was
        return [[fd, readlinkSync(`${directory}/${fd}`).replace(/ \(deleted\)$/, '')]];
      } catch {
        // closed meanwhile
        return [];
      }
    });
  } catch {
    // ended meanwhile, or somebody else's
    return [];
  }
}

function isWritable(info: string): boolean {
  try {
    const flags = /^flags:\s*([0-7]+)$/m.exec(readFileSync(info, 'utf8'))?.[1] ?? '0';
    return (parseInt(flags, 8) & ACCESS) !== 0;
  } catch {
    return false;
  }
}
