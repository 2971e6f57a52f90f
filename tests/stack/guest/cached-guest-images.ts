import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { repositoryRoot } from '../repository-root.js';
import {
  buildGuestImages,
  copyGuestImages,
  type GuestImages,
  type GuestImagesSpec,
} from './build-guest-images.js';
import { findKernel } from './build-initramfs.js';

const CACHE = join(repositoryRoot, '.dev/guest-images');
const KEPT = 6;

/** The same images as `buildGuestImages`, built once for all that ask for the same: many tests boot the same guest. */
export async function cachedGuestImages(spec: GuestImagesSpec): Promise<GuestImages> {
  const built = join(CACHE, await keyOf(spec));
  if (!(await exists(built))) {
    await mkdir(CACHE, { recursive: true });
    await forgetOldest();
    const fresh = await mkdtemp(join(CACHE, '.fresh-'));
    try {
      await buildGuestImages({ ...spec, directory: fresh });
      // of two who build the same at once, the first one's counts
      await rename(fresh, built).catch(async (error: unknown) => {
        if (!(await exists(built))) throw error;
      });
    } finally {
      await rm(fresh, { recursive: true, force: true });
    }
  }
  const images = { vda: join(built, 'vda.qcow2'), vdb: join(built, 'vdb.qcow2') };
  return copyGuestImages(images, spec.directory);
}

/** Everything that the images depend on. */
async function keyOf({ diskBytes, fillBytes, seed, recordsPerSecond }: GuestImagesSpec): Promise<string> {
  const hash = createHash('sha256').update(
    JSON.stringify([diskBytes, fillBytes, seed, recordsPerSecond, (await findKernel()).version]),
  );
  const sources = join(repositoryRoot, 'tests/stack/guest');
  for (const name of (await readdir(sources)).sort()) hash.update(await readFile(join(sources, name)));
  return hash.digest('hex').slice(0, 16);
}

async function forgetOldest(): Promise<void> {
  const names = (await readdir(CACHE)).filter((name) => !name.startsWith('.'));
  const aged = await Promise.all(
    names.map(async (name) => ({ name, age: (await stat(join(CACHE, name))).mtimeMs })),
  );
  aged.sort((a, b) => b.age - a.age);
  for (const { name } of aged.slice(KEPT - 1)) await rm(join(CACHE, name), { recursive: true, force: true });
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
