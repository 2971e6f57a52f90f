import { createReadStream } from 'node:fs';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * How a secret may have been written down, as it stands in text that was read as Latin-1, a character a byte. Bytes that
 * are no text, such as a key, are given as a buffer.
 */
export function formsOf(secret: string | Buffer): string[] {
  const bytes = Buffer.from(secret);
  const hex = bytes.toString('hex');
  const asText =
    typeof secret === 'string'
      ? [encodeURIComponent(secret), new URLSearchParams({ s: secret }).toString().slice(2), inJson(secret)]
      : [];
  // base64 of a longer text has it shifted by none, one or two bytes; the ends depend on the neighbours
  const base64 = [0, 1, 2].map((shift) =>
    Buffer.concat([Buffer.alloc(shift), bytes])
      .toString('base64')
      .slice(shift === 0 ? 0 : 4, -4),
  );
  const forms = [
    bytes.toString('latin1'),
    ...asText.map(asLatin1),
    hex,
    hex.toUpperCase(),
    ...base64,
    ...base64.map((text) => text.replaceAll('+', '-').replaceAll('/', '_')),
  ];
  return [...new Set(forms)];
}

const inJson = (text: string): string => JSON.stringify(text).slice(1, -1);
const asLatin1 = (text: string): string => Buffer.from(text).toString('latin1');

/** Whether one of the forms stands in a text of our own, such as an answer. */
export function textHolds(text: string, forms: readonly string[]): boolean {
  const read = asLatin1(text);
  return forms.some((form) => read.includes(form));
}

/** Files below a directory in which one of the forms stands. Disk images belong to nobody's secrets and are left out. */
export async function filesWith(directory: string, forms: readonly string[]): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const found: string[] = [];
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name);
    if (!entry.isFile() || /\.(raw|qcow2|vmdk)$/.test(entry.name)) continue;
    if (await holds(path, forms)) found.push(path);
  }
  return found;
}

async function holds(path: string, forms: readonly string[]): Promise<boolean> {
  const longest = Math.max(...forms.map(({ length }) => length));
  let tail = '';
  try {
    for await (const chunk of createReadStream(path, { encoding: 'latin1', highWaterMark: 1 << 20 })) {
      const text = tail + (chunk as string);
      if (forms.some((form) => text.includes(form))) return true;
      tail = text.slice(-longest);
    }
  } catch {
    // gone meanwhile
  }
  return false;
}

/** Processes in whose arguments or environment one of the forms stands, those that are named aside. */
export async function processesWith(
  forms: readonly string[],
  aside: ReadonlySet<number> = new Set(),
): Promise<string[]> {
  const found: string[] = [];
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid) || aside.has(Number(pid))) continue;
    for (const name of ['cmdline', 'environ']) {
      const text = await readFile(join('/proc', pid, name), 'latin1').catch(() => '');
      if (forms.some((form) => text.includes(form))) found.push(`${pid} ${name}`);
    }
  }
  return found;
}
