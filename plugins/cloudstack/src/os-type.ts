import type { OsType } from './client/index.js';

/** Families of operating systems as both sides name them, the particular before the general. */
const FAMILIES: readonly (readonly [name: string, RegExp])[] = [
  ['windows-server', /windows.*server/i],
  ['windows', /windows/i],
  ['debian', /debian/i],
  ['ubuntu', /ubuntu/i],
  ['rhel', /red ?hat/i],
  ['centos', /cent ?os/i],
  ['rocky', /rocky/i],
  ['alma', /alma/i],
  ['oracle', /oracle.*linux/i],
  ['suse', /suse/i],
  ['freebsd', /freebsd/i],
  ['linux', /linux/i],
];

interface Traits {
  readonly family: string | undefined;
  /** The first number in it: a release, or a year. */
  readonly version: number | undefined;
  readonly bits: 32 | 64 | undefined;
}

/** What can be read off the name of an operating system. */
export function traitsOf(name: string): Traits {
  const bits = /\(?(32|64)[- ]?bit\)?/i.exec(name);
  const rest = bits ? name.replace(bits[0], '') : name;
  const version = /\d+(?:\.\d+)?/.exec(rest)?.[0];
  return {
    family: FAMILIES.find(([, pattern]) => pattern.test(rest))?.[0],
    version: version === undefined ? undefined : Number(version),
    bits: bits ? (Number(bits[1]) as 32 | 64) : undefined,
  };
}

/**
 * The operating system at CloudStack that is nearest to what the source says: the same family and the same release, else
 * the newest that is not newer, else the oldest. It decides the clock that Windows gets and what the platform takes a
 * guest for; disks and cards are chosen by themselves.
 * @returns undefined where there is no such family: then the template's stays.
 */
export function nearestOsType(guestOs: string, types: readonly OsType[]): OsType | undefined {
  const wanted = traitsOf(guestOs);
  if (wanted.family === undefined) return undefined;
  const same = types
    .map((type) => ({ type, traits: traitsOf(type.description) }))
    .filter(({ traits }) => traits.family === wanted.family)
    .filter(({ traits }) => traits.bits === undefined || traits.bits === (wanted.bits ?? 64))
    .sort((a, b) => (a.traits.version ?? 0) - (b.traits.version ?? 0));
  if (wanted.version === undefined) return same.at(-1)?.type;
  const { version } = wanted;
  // "8" means any 8.x, the newest of them
  const release = Number.isInteger(version)
    ? same.findLast(({ traits }) => Math.floor(traits.version ?? 0) === version)
    : same.findLast(({ traits }) => traits.version === version);
  const notNewer = same.findLast(({ traits }) => (traits.version ?? 0) <= version);
  return (release ?? notNewer ?? same[0])?.type;
}
