import { execFile } from 'node:child_process';
import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';

const exec = promisify(execFile);
/** What the guest needs to find its disks, its card and its power button. */
const MODULES = ['virtio_pci', 'virtio_blk', 'button', 'evdev'];

/** A file beside this one, from the sources or from `dist/`, where only the JavaScript is. */
function beside(name: string): string {
  const here = fileURLToPath(new URL('.', import.meta.url));
  return join(here.replace(/([\\/])tests\1dist\1/, '$1tests$1'), name);
}

/** The newest installed cloud kernel. */
export async function findKernel(): Promise<{ version: string; vmlinuz: string }> {
  const newest = (await readdir('/boot'))
    .filter((name) => /^vmlinuz-.*-cloud-amd64$/.test(name))
    .sort(new Intl.Collator('en', { numeric: true }).compare)
    .at(-1);
  if (!newest) throw new Error('no cloud kernel in /boot: install linux-image-cloud-amd64');
  return { version: newest.slice('vmlinuz-'.length), vmlinuz: join('/boot', newest) };
}

/** The kernel's files for the modules and all they depend on, in loading order. */
async function moduleFiles(version: string): Promise<string[]> {
  const files: string[] = [];
  for (const name of MODULES) {
    const { stdout } = await exec('/sbin/modprobe', ['-S', version, '--show-depends', name]);
    for (const [, file] of stdout.matchAll(/^insmod (\S+)/gm)) if (!files.includes(file!)) files.push(file!);
  }
  return files;
}

/**
 * Builds the guest's initial RAM file system: busybox, the kernel modules it needs and the writer.
 * @param directory a directory of its own to work in.
 * @returns the path of the compressed archive.
 */
export async function buildInitramfs(directory: string, kernelVersion: string): Promise<string> {
  const tree = join(directory, 'initramfs');
  for (const folder of ['bin', 'dev', 'proc', 'sys', 'modules'])
    await mkdir(join(tree, folder), { recursive: true });
  await copyFile('/bin/busybox', join(tree, 'bin/busybox'));
  await writeFile(join(tree, 'init'), await readFile(beside('init.sh')), { mode: 0o755 });
  const writer = join(tree, 'bin/writer');
  await exec('gcc', ['-O2', '-Wall', '-Werror', '-static', '-s', '-o', writer, beside('writer.c')]);
  const modules = await moduleFiles(kernelVersion);
  for (const file of modules) await copyFile(file, join(tree, 'modules', basename(file)));
  await writeFile(join(tree, 'modules/order'), modules.map((file) => `${basename(file)}\n`).join(''));

  const names = (await readdir(tree, { recursive: true })).sort();
  const archive = exec('cpio', ['-o', '-H', 'newc', '-R', '0:0', '--reproducible', '--quiet'], {
    cwd: tree,
    encoding: 'buffer',
    maxBuffer: 64 * 1024 * 1024,
  });
  archive.child.stdin!.end(names.map((name) => `${name}\n`).join(''));
  const initramfs = join(directory, 'initrd.gz');
  await writeFile(initramfs, gzipSync((await archive).stdout));
  return initramfs;
}
