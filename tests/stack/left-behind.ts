import { readFile, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';

/** Processes, ours aside, whose command line, environment or working directory names a directory. */
export async function processesBelow(directory: string): Promise<string[]> {
  const found: string[] = [];
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) continue;
    const text = async (name: string) =>
      (await readFile(join('/proc', pid, name), 'latin1')).replaceAll('\0', ' ');
    try {
      const command = await text('cmdline');
      const cwd = await readlink(join('/proc', pid, 'cwd'));
      if (command === '') continue;
      if (
        command.includes(directory) ||
        cwd.startsWith(directory) ||
        (await text('environ')).includes(directory)
      )
        found.push(`${pid} ${command.slice(0, 200)}`);
    } catch {
      // gone meanwhile, or not ours to read
    }
  }
  return found;
}

/** Names below a directory that a pattern fits. */
export async function filesBelow(directory: string, pattern: RegExp): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => !entry.isDirectory() && pattern.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name));
}

/** The child of a process whose command line contains a text. */
export async function childOf(parent: number, text: string): Promise<number> {
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    try {
      const stat = await readFile(join('/proc', pid, 'stat'), 'latin1');
      // the name in parentheses may hold anything, also spaces
      const ppid = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
      if (ppid === parent && (await readFile(join('/proc', pid, 'cmdline'), 'latin1')).includes(text))
        return Number(pid);
    } catch {
      // gone meanwhile
    }
  }
  throw new Error(`the process ${parent} has no child "${text}"`);
}
